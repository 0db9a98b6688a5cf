import { DeviceError, KernelError } from "../errors";
import type { Loss } from "./loss";

/** How much an error explains: a kernel that does not compile or memory that was not given also makes its batch invalid. */
function weight(error: Error): number {
  if (KernelError.isInstance(error)) return 3;
  if (!DeviceError.isInstance(error) || error.reason !== "out-of-memory") return 0;
  return error.op === "device" ? 1 : 2;
}

/** Failures of work already handed over, thrown at the next await. */
export class PendingErrors {
  readonly #pending: Promise<void>[] = [];
  readonly #loss: Loss;
  #error: Error | null = null;

  constructor(loss: Loss) {
    this.#loss = loss;
  }

  /** Watches a check; `check` resolves to an error or null. */
  watch(check: Promise<Error | null>): void {
    const settled = check.then(
      (error) => {
        if (error && (!this.#error || weight(error) > weight(this.#error))) this.#error = error;
      },
      () => {}, // a scope of a lost device: the loss is reported by itself
    );
    this.#pending.push(settled);
    // A long run without an await (a benchmark loop) must not pile up settled promises.
    if (this.#pending.length > 4096)
      this.#pending.splice(
        0,
        2048,
        Promise.all(this.#pending.slice(0, 2048)).then(() => {}),
      );
  }

  /** Throws the weightiest failure since the last call, once. */
  async check(): Promise<void> {
    await this.#loss.guard(Promise.all(this.#pending.splice(0)));
    const error = this.#error;
    this.#error = null;
    if (error) throw error;
  }
}
