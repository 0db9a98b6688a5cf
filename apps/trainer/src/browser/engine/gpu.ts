import { createDevice, type Device } from "@ama-sam/tensor";
import { TroubleError } from "./failures";
import type { DeviceFacts } from "./protocol";

/** The engine's device: opened when it is needed, opened anew after a loss. */
export class Gpu {
  #device: Device | null = null;
  #opened = 0;
  readonly #onLost: (message: string) => void;

  constructor(onLost: (message: string) => void) {
    this.#onLost = onLost;
  }

  /** Counts devices: a model made on an earlier one must be made again. */
  get generation(): number {
    return this.#opened;
  }

  get isLost(): boolean {
    return this.#device?.isLost ?? false;
  }

  /**
   * @throws TroubleError for a browser without WebGPU, a page that is not secure, no adapter, or a GPU that the browser has blocked
   */
  async open(): Promise<Device> {
    if (this.#device && !this.#device.isLost) return this.#device;
    const { gpu } = navigator;
    if (!gpu) {
      if (!globalThis.isSecureContext)
        throw new TroubleError(
          "insecure",
          "WebGPU is offered to secure pages only: https, or a file served from this computer.",
        );
      throw new TroubleError("no-webgpu", "This browser has no WebGPU.");
    }
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) {
      if (this.#opened > 0)
        throw new TroubleError("gpu-blocked", "The browser has blocked the GPU for this page after repeated crashes.");
      throw new TroubleError("no-adapter", "This browser has WebGPU, but offers no graphics adapter.");
    }
    const device = await createDevice({ adapter });
    this.#device = device;
    this.#opened++;
    device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") this.#onLost(message || "the GPU was reset");
    });
    return device;
  }

  static facts({ info, abilities, limits }: Device): DeviceFacts {
    return {
      kind: info.kind,
      name: info.name,
      vendor: info.vendor,
      f16: abilities.f16,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
    };
  }
}
