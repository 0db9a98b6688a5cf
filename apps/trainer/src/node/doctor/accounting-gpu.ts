import { createDevice, type Device } from "@ama-sam/tensor";

/** A device that computes nothing, and the largest buffer that was asked of it. */
export interface AccountingGpu {
  device: Device;
  largestBuffer(): number;
}

/** Anything may be called on it and read from it; nothing happens. */
const nothing: object = new Proxy(() => nothing, {
  get: (_, key) => (key === "then" ? undefined : nothing),
  apply: () => nothing,
});

const withNothing = (known: Record<string, unknown>): object =>
  new Proxy(known, { get: (own, key) => (key in own ? own[key as string] : key === "then" ? undefined : nothing) });

/**
 * A device with the features and limits of a real one that takes every command, runs none, and reads back zeros: the core chooses the same
 * kernels and asks for the same buffers, so its accounts of memory are those of a real run.
 *
 * @param anySize lets tensors be larger than the real device binds, to say how large they would be
 */
export async function accountingGpu(real: Device, anySize = false): Promise<AccountingGpu> {
  let largest = 0;
  const limits = new Proxy(real.limits, {
    get: (own, key) =>
      anySize && (key === "maxBufferSize" || key === "maxStorageBufferBindingSize")
        ? Number.MAX_SAFE_INTEGER
        : Reflect.get(own, key, own),
  });
  const { features } = real.gpu;
  const buffer = ({ size, usage, label = "" }: GPUBufferDescriptor): object => {
    largest = Math.max(largest, size);
    return withNothing({
      size,
      usage,
      label,
      mapAsync: () => Promise.resolve(),
      getMappedRange: (_at = 0, bytes = size) => new ArrayBuffer(bytes),
    });
  };
  let destroy: (info: object) => void = () => {};
  const lost = new Promise((resolve) => {
    destroy = resolve;
  });
  const gpu = withNothing({
    limits,
    features,
    lost,
    destroy: () => destroy({ reason: "destroyed", message: "" }),
    createBuffer: buffer,
    createShaderModule: () => withNothing({ getCompilationInfo: () => Promise.resolve({ messages: [] }) }),
    popErrorScope: () => Promise.resolve(null),
    // The cache of bind groups keeps them by their buffers: each must be an object of its own.
    createBindGroup: () => withNothing({}),
    createBindGroupLayout: () => withNothing({}),
    createComputePipeline: () => withNothing({}),
    queue: withNothing({ onSubmittedWorkDone: () => Promise.resolve() }),
  });
  const { abilities } = real;
  const adapter = {
    limits,
    features,
    info: { subgroupMinSize: abilities.subgroupMinSize, subgroupMaxSize: abilities.subgroupMaxSize },
    requestDevice: () => Promise.resolve(gpu),
  };
  const device = await createDevice({ adapter: adapter as unknown as GPUAdapter, info: real.info });
  return { device, largestBuffer: () => largest };
}
