// Counts every device call of this process, so that each library, whatever it is, is counted the same way.
import { globals } from "webgpu";

/** Since the process began; `peak` and `largest` since `resetPeak`. */
export const counts = { live: 0, peak: 0, largest: 0, dispatches: 0, submits: 0, pipelines: 0 };
/** Errors of any device, in order. */
export const errors: string[] = [];

export function resetPeak(): void {
  counts.peak = counts.live;
  counts.largest = 0;
}

type Method = (this: object, ...args: never[]) => unknown;

/** Replaces a method by what `around` makes of it. */
function wrap(prototype: object, name: string, around: (original: Method) => Method): void {
  const methods = prototype as Record<string, Method>;
  if (methods[name]) methods[name] = around(methods[name]);
}

const sizes = new WeakMap<object, number>();
const watched = new WeakSet<GPUDevice>();

/** Collects the device's errors. */
export function watch(device: GPUDevice): void {
  if (watched.has(device)) return;
  watched.add(device);
  device.addEventListener?.("uncapturederror", (event) => void errors.push(event.error.message.slice(0, 400)));
  device.lost.then((why) => void errors.push(`device lost: ${why.reason} ${why.message}`));
}

function created(buffer: object, bytes: number): void {
  sizes.set(buffer, bytes);
  counts.live += bytes;
  counts.peak = Math.max(counts.peak, counts.live);
  counts.largest = Math.max(counts.largest, bytes);
}

function destroyed(buffer: object): void {
  counts.live -= sizes.get(buffer) ?? 0;
  sizes.delete(buffer);
}

/** dawn.node refuses views of a SharedArrayBuffer, such as the heap of onnxruntime-web's wasm. */
function unshared(data: unknown): unknown {
  const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
  if (!shared) return data;
  const view = data as unknown as Uint8Array;
  return new (view.constructor as Uint8ArrayConstructor)(view);
}

/** Puts WebGPU's classes on globalThis, counting. Call once, before any library is imported. */
export function installCounters(): void {
  Object.assign(globalThis, globals);
  const bump = (name: "dispatches" | "submits" | "pipelines") => (original: Method) =>
    function (this: object, ...args: never[]) {
      counts[name]++;
      return original.apply(this, args);
    };
  for (const name of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"])
    wrap(GPUComputePassEncoder.prototype, name, bump("dispatches"));
  wrap(GPUQueue.prototype, "submit", bump("submits"));
  for (const name of ["createComputePipeline", "createComputePipelineAsync"])
    wrap(GPUDevice.prototype, name, bump("pipelines"));
  wrap(
    GPUDevice.prototype,
    "createBuffer",
    (original) =>
      function (this: object, ...args: never[]) {
        const buffer = original.apply(this, args) as object;
        created(buffer, Number((args[0] as GPUBufferDescriptor).size));
        return buffer;
      },
  );
  wrap(
    GPUBuffer.prototype,
    "destroy",
    (original) =>
      function (this: object, ...args: never[]) {
        destroyed(this);
        return original.apply(this, args);
      },
  );
  wrap(
    GPUQueue.prototype,
    "writeBuffer",
    (original) =>
      function (this: object, ...args: never[]) {
        const copied = args.map((arg, i) => (i === 2 ? unshared(arg) : arg)) as never[];
        return original.apply(this, copied);
      },
  );
  wrap(
    GPUAdapter.prototype,
    "requestDevice",
    (original) =>
      async function (this: object, ...args: never[]) {
        const device = (await original.apply(this, args)) as GPUDevice;
        watch(device);
        return device;
      },
  );
}
