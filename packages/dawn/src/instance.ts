import { type Drivers, withDrivers } from "./drivers";
import { AdapterError } from "./errors";

/** An adapter together with the Dawn instance that it lives on. */
export interface Lease {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  /** Lets the instance go. Nothing that came from it may be used afterwards. */
  release(): void;
}

/** What to ask an instance for. */
export interface InstanceRequest {
  drivers: Drivers;
  /** Dawn's own switches, such as `enable-dawn-features=...`. */
  flags: readonly string[];
  backend?: string;
  /** Part of the adapter's name, as Dawn spells it. */
  name?: string;
  /** Software adapters only. */
  fallback?: boolean;
}

/** An adapter's name as Dawn lists it. */
export interface ListedName {
  backend: string;
  name: string;
}

/**
 * Dawn's switches by default: kernel times in full precision (they come in steps of 0.1 ms otherwise), and the matrix units,
 * which Dawn still counts as unsafe.
 */
export const DAWN_FLAGS: readonly string[] = [
  "enable-dawn-features=allow_unsafe_apis",
  "disable-dawn-features=timestamp_quantization",
];

/**
 * The bundled SwiftShader runs without the bounds checks that Dawn and the driver put around every access of a buffer: they cost it
 * a quarter of its speed. As with a native add-on, a kernel of your own that leaves its buffers can then bring the process down;
 * `AMA_SAM_BOUNDS_CHECKS=1` puts the checks back, and every other adapter always has them.
 */
const UNCHECKED_FLAGS: readonly string[] = [
  "enable-dawn-features=allow_unsafe_apis,disable_robustness",
  "disable-dawn-features=timestamp_quantization",
];

/** The switches for the bundled SwiftShader: the caller's own, or the default ones without bounds checks. */
export function bundledFlags(flags: readonly string[]): readonly string[] {
  return flags === DAWN_FLAGS && process.env.AMA_SAM_BOUNDS_CHECKS !== "1" ? UNCHECKED_FLAGS : flags;
}

type Dawn = Pick<typeof import("webgpu"), "create">;

/** Dawn crashes at random when an instance is collected before its devices: every instance stays here until its release. */
const instances = new Set<GPU>();
/** A released device that someone still holds keeps its instance too: using it then fails softly instead of aborting Node. */
const owners = new WeakMap<object, GPU>();

/** Ties the life of Dawn's instance to an object that came from it. */
export function keepInstanceFor(object: object, gpu: GPU): void {
  owners.set(object, gpu);
}

/** Number of Dawn instances alive; 0 once every device is disposed. */
export function liveInstances(): number {
  return instances.size;
}

// Loaded on demand: the native library must not stand in the way of importing this package.
async function loadDawn(): Promise<Dawn> {
  try {
    return await import("webgpu");
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    const reason = (cause as Error).message.split("\n")[0];
    throw new AdapterError(
      "openGpu",
      "unsupported",
      `Dawn's native library does not load. Got ${platform}: ${reason}. Expected darwin, linux (glibc) or win32 on x64 or arm64. Reinstall the npm package \`webgpu\` on this machine.`,
      [],
      cause,
    );
  }
}

/** The one backend that is used on this platform; Dawn's choice elsewhere. */
const BACKEND = process.platform === "linux" ? "vulkan" : undefined;

function options(request: InstanceRequest): string[] {
  const backend = request.backend ?? BACKEND;
  return [
    ...(backend ? [`backend=${backend}`] : []),
    ...(request.name === undefined ? [] : [`adapter=${request.name}`]),
    ...request.flags,
  ];
}

/**
 * A new Dawn instance and its best adapter for the request, or null where it offers none.
 * @throws Error with Dawn's words for a flag or backend that it does not know.
 */
export async function lease(request: InstanceRequest): Promise<Lease | null> {
  const { create } = await loadDawn();
  const gpu = create(options(request));
  instances.add(gpu);
  const release = () => void instances.delete(gpu);
  try {
    const adapter = await withDrivers(request.drivers, () =>
      gpu.requestAdapter({ powerPreference: "high-performance", forceFallbackAdapter: request.fallback ?? false }),
    );
    if (!adapter) {
      release();
      return null;
    }
    keepInstanceFor(adapter, gpu);
    return { gpu, adapter, release };
  } catch (error) {
    release();
    // Asked by name, Dawn rejects instead of answering null.
    if (request.name !== undefined && /Available adapters/.test((error as Error).message)) return null;
    throw error;
  }
}

const PREFERRED: Partial<Record<NodeJS.Platform, string>> = { darwin: "metal", linux: "vulkan", win32: "d3d12" };
/** Matches no adapter, and so makes Dawn list them all. */
const NO_SUCH_NAME = "\u0001none";

/** The names in a message of Dawn's that lists the available adapters, those of the platform's own backend if there are any. */
export function parseNames(message: string, platform: NodeJS.Platform = process.platform): ListedName[] {
  const all: ListedName[] = [];
  for (const [, backend, name] of message.matchAll(/^ \* backend: '(.*?)', name: '(.*)'$/gm)) {
    if (backend !== "null" && !all.some((it) => it.backend === backend && it.name === name))
      all.push({ backend, name });
  }
  const own = all.filter(({ backend }) => backend === PREFERRED[platform]);
  return own.length > 0 ? own : all;
}

/** Names of all adapters that the drivers offer. Dawn tells them only in an error. Two equal cards appear as one. */
export async function listNames(drivers: Drivers, flags: readonly string[]): Promise<ListedName[]> {
  const { create } = await loadDawn();
  const gpu = create(options({ drivers, flags, name: NO_SUCH_NAME }));
  instances.add(gpu);
  try {
    await withDrivers(drivers, () => gpu.requestAdapter());
    return [];
  } catch (error) {
    const { message } = error as Error;
    if (!/Available adapters/.test(message)) throw error;
    return parseNames(message);
  } finally {
    instances.delete(gpu);
  }
}
