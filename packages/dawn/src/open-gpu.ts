import { type AdapterFacts, createDevice, type Device } from "@ama-sam/tensor";
import { announce, say } from "./advice";
import { AdapterError } from "./errors";
import { findAdapter, type SoftwareChoice } from "./find-adapter";
import { DAWN_FLAGS, keepInstanceFor } from "./instance";
import { paceTicks } from "./pacing";

/** Options of {@link openGpu}; all may be left out. */
export interface OpenGpuOptions {
  /**
   * `hardware`, `lavapipe`, `swiftshader`, a part of an adapter's name in any case, or an index into `listAdapters()`.
   * Default: the environment variable `AMA_SAM_ADAPTER`, else the best there is.
   */
  adapter?: string | number;
  /** `auto` (default): software where there is no hardware; `never`: fail instead; `always`: software even beside hardware. */
  software?: SoftwareChoice;
  /** Name of the device in error messages and traces. */
  label?: string;
  /** Receives the line that says which adapter was taken. Default: stderr, once per process and adapter. */
  log?: (line: string) => void;
  /** Switches for Dawn, replacing {@link DAWN_FLAGS} (and what the bundled SwiftShader takes instead: no bounds checks). */
  dawnFlags?: readonly string[];
  /** Overrides what the adapter says of itself: with `{ kind: "hardware" }` a software adapter runs what a GPU would, slowly. */
  info?: Partial<AdapterFacts>;
}

const SOFTWARE = ["auto", "never", "always"];

/**
 * Opens a GPU for Node: the adapter that the caller or `AMA_SAM_ADAPTER` names; else hardware; else Mesa's lavapipe; else the
 * SwiftShader that npm brings along (x64 Linux), which needs no driver, no Vulkan loader and no rights. Says once which one it
 * took. `dispose()` of the device frees everything, so that the process can end.
 * @throws AdapterError when no adapter fits (the message lists what is here); DeviceError when the adapter refuses a device
 */
export async function openGpu(options: OpenGpuOptions = {}): Promise<Device> {
  const { software = "auto", label, log, dawnFlags = DAWN_FLAGS } = options;
  if (!SOFTWARE.includes(software)) {
    throw new AdapterError(
      "openGpu",
      "options",
      `unknown choice of software. Got ${JSON.stringify(software)}. Expected "auto", "never" or "always".`,
    );
  }
  const adapter = options.adapter ?? process.env.AMA_SAM_ADAPTER;
  if (adapter !== undefined && typeof adapter !== "string" && !(Number.isInteger(adapter) && adapter >= 0)) {
    throw new AdapterError(
      "openGpu",
      "options",
      `unknown kind of adapter. Got ${String(adapter)}. Expected a name, or an index from 0.`,
    );
  }
  const { info, lease } = await findAdapter({ adapter, software, flags: dawnFlags });
  const unpace = info.kind === "software" ? paceTicks() : () => {};
  const release = () => {
    unpace();
    lease.release();
  };
  try {
    const { kind, name, vendor, architecture } = info;
    const device = await createDevice({
      adapter: lease.adapter,
      label,
      retain: lease,
      onDispose: release,
      info: { kind, name, vendor, architecture, ...options.info },
    });
    keepInstanceFor(device.gpu, lease.gpu);
    say(announce(info), log);
    return device;
  } catch (error) {
    release();
    throw error;
  }
}
