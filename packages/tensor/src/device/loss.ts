import type { DeviceError } from "../errors";

/**
 * Whether the device is gone. Dawn in Node resolves nearly everything silently after a loss (only mapping rejects), so the
 * core asks here before it encodes, and races every wait against it.
 */
export class Loss {
  #error: DeviceError | null = null;
  readonly #waiters = new Set<(error: DeviceError) => void>();

  get error(): DeviceError | null {
    return this.#error;
  }

  /** Declares the device gone; the first reason stays. Everything that waits is told. */
  declare(error: DeviceError): void {
    if (this.#error) return;
    this.#error = error;
    for (const tell of this.#waiters) tell(error);
    this.#waiters.clear();
  }

  /** @throws DeviceError (`lost`) when the device is gone */
  check(): void {
    if (this.#error) throw this.#error;
  }

  /** Settles as `promise` does, or rejects with the loss if that comes first. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#error) {
        promise.catch(() => {});
        reject(this.#error);
        return;
      }
      // Not Promise.race: it would leave a reaction behind on the long-lived promise for every wait of a long run.
      this.#waiters.add(reject);
      promise.then(
        (value) => {
          this.#waiters.delete(reject);
          resolve(value);
        },
        (error) => {
          this.#waiters.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** Waits a moment for the news of a loss: Dawn may reject a mapping before it says why. */
  async grace(ms: number): Promise<DeviceError | null> {
    await this.guard(new Promise<void>((resolve) => setTimeout(resolve, ms))).catch(() => {});
    return this.#error;
  }
}
