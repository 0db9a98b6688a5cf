/** What a device is busy with: for error messages, the memory report and traces. Two strings, set by the op layer. */
export class Activity {
  /** Name of the running op, `""` outside. */
  op = "";
  /** Tag of memory that nobody tagged. */
  tag = "activations";

  /** Runs `fn` as (part of) `op`. */
  during<T>(op: string, tag: string, fn: () => T): T {
    const { op: outerOp, tag: outerTag } = this;
    this.op = op;
    this.tag = tag;
    try {
      return fn();
    } finally {
      this.op = outerOp;
      this.tag = outerTag;
    }
  }
}
