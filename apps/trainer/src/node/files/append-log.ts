import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { isArmed, reach } from "../faults";
import type { RecordSink } from "../output/tensorboard/event-file";

/**
 * A file that only grows, each write whole in one system call: what is written survives the death of the process. A last line that a
 * crash of the machine cut is dropped on opening.
 */
export class AppendLog implements RecordSink {
  readonly #fd: number;
  readonly #path: string;

  constructor(path: string, options: { lines?: boolean } = {}) {
    this.#path = path;
    this.#fd = openSync(path, "a+");
    if (options.lines) dropCutLine(this.#fd);
  }

  get isEmpty(): boolean {
    return fstatSync(this.#fd).size === 0;
  }

  append(content: Uint8Array | string): void {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    let done = 0;
    if (isArmed()) {
      done = writeSync(this.#fd, bytes, 0, bytes.length >> 1);
      reach(`append:half:${this.#path}`);
    }
    while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function dropCutLine(fd: number): void {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, 1 << 20));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  const end = tail.lastIndexOf(10) + 1;
  if (end !== tail.length && (end > 0 || size === tail.length)) ftruncateSync(fd, size - tail.length + end);
}
