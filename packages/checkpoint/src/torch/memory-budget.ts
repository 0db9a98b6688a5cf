import { CheckpointError } from "../errors";

/**
 * Counts what a pickle makes us build, in estimated bytes, and stops it before memory does.
 * One pickle byte can ask for an empty dict of some 200 bytes, and a few can ask for a tree that doubles at each level;
 * a real state dict needs about six times its pickle's length.
 */
export class MemoryBudget {
  #left: number;
  readonly limit: number;

  constructor(pickleBytes: number) {
    this.limit = 40 * 1024 * 1024 + 2 * pickleBytes;
    this.#left = this.limit;
  }

  /** Throws `limit` once more than the budget was spent. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new CheckpointError(
        "limit",
        `[openCheckpoint] the pickle would build more than ${this.limit} bytes of values. ` +
          "Expected a state dict: names, numbers and tensors. The file is damaged or hostile.",
      );
    }
  }
}
