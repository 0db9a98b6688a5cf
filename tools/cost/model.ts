import type { Adam } from "@ama-sam/nn";
import type { Recompute } from "@ama-sam/sam-encoder";
import { backward, createDevice, type Device, noGrad, scope, zeros } from "@ama-sam/tensor";
import { type AmaSam, type AmaSamConfig, losses } from "ama-sam";
import { create } from "webgpu";

/** Workgroup memory that desktop GPUs have at least, of which the null backend promises half. */
const WORKGROUP_BYTES = 32768;

/** The adapter, whose devices say that buffers of this size are fine, and so much workgroup memory as a GPU has: they run nothing. */
function withLimitsOfGpu(adapter: GPUAdapter, bytes: number): GPUAdapter {
  const limits = {
    maxBufferSize: bytes,
    maxStorageBufferBindingSize: bytes,
    maxComputeWorkgroupStorageSize: WORKGROUP_BYTES,
  };
  const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
    const gpu = await adapter.requestDevice(descriptor);
    const raised = new Proxy(gpu.limits, {
      get: (own, name) => Reflect.get(limits, name) ?? Reflect.get(own, name, own),
    });
    return Object.defineProperty(gpu, "limits", { value: raised });
  };
  return new Proxy(adapter, {
    get: (own, name) => (name === "requestDevice" ? requestDevice : Reflect.get(own, name, own)),
  });
}

/** Largest buffer of common desktop cards in Dawn. */
export const CARD_BUFFER_BYTES = 2 ** 31 - 4;

/**
 * A device that takes every command and runs none. It really keeps at most 512 MiB and then reports errors at the next await,
 * so a dry run never awaits: the pool's accounts are complete when the step is encoded. It chooses the kernels that a GPU would.
 * @param bufferBytes largest buffer that it claims to hold; default: the 128 MiB of the smallest adapters
 */
export async function nullDevice(bufferBytes = 2 ** 27): Promise<Device> {
  const instance = create(["backend=null"]);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null backend. Expected webgpu 0.6.2 or newer.");
  return createDevice({
    adapter: withLimitsOfGpu(adapter, bufferBytes),
    retain: [instance, adapter],
    info: { name: "null backend (nothing is computed)" },
  });
}

/** The preset at another input size. */
export function resized(config: AmaSamConfig, size: number): AmaSamConfig {
  const grid = size / config.encoder.patchSize;
  return {
    ...config,
    encoder: { ...config.encoder, imageSize: size },
    samDecoder: { ...config.samDecoder, imageSize: size, grid },
  };
}

/** The image encoder alone on zeros, nothing saved for backward. */
export function encodeOnce(device: Device, model: AmaSam, size: number, batch: number): void {
  scope(device, "encode", () =>
    noGrad(device, () => void model.imageEncoder.forward(zeros(device, [batch, 3, size, size]))),
  );
}

/** The whole model on zeros, nothing saved for backward. */
export function predictOnce(device: Device, model: AmaSam, size: number, batch: number): void {
  scope(device, "predict", () => void model.predict(zeros(device, [batch, 3, size, size])));
}

/** The whole training step on zeros: forward, losses, backward, Adam. */
export function trainOnce(
  device: Device,
  model: AmaSam,
  adam: Adam,
  { size, batch, recompute }: { size: number; batch: number; recompute: Recompute },
): void {
  scope(device, "step", () => {
    const isPrimary = zeros(device, [batch], { dtype: "i32" });
    const output = model.forward(zeros(device, [batch, 3, size, size]), { isPrimary, recompute });
    const label = zeros(device, [batch, 1, size, size]);
    const { total } = losses(output, label, isPrimary, { domainWeights: { primary: 1, auxiliary: 1 } });
    backward(total);
    adam.step();
    adam.zeroGrad();
  });
}
