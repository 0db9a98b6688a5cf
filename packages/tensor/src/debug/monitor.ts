import { showBytes } from "../device/memory-text";
import { Profiler } from "../device/profiler";
import { flags, matchesFilter, say } from "./flags";
import { type Clock, measure, span } from "./trace";

/** One launch as the queue saw it. */
export interface Launch {
  key: string;
  op: string;
  grid: [number, number, number];
  bound: readonly GPUBufferBinding[];
  /** Bytes live on the device. */
  live: number;
  /** When its encoding began, ms. */
  start: number;
  /** Whether this monitor's profiler timed it. */
  timed: boolean;
}

interface Waiting extends Launch {
  bytes: number;
  submitted: number;
}

/** Gathers launches for the lines of `TENSOR_DEBUG=2` and the boxes of `TENSOR_TRACE`. One per device, made when first asked for. */
export class Monitor {
  on = false;
  readonly profiler: Profiler | null;
  /** GPU time against `performance.now()`. */
  readonly #clock: Clock = { shift: Number.NEGATIVE_INFINITY };
  #waiting: Waiting[] = [];

  constructor(gpu: GPUDevice, timestamps: boolean) {
    this.profiler = timestamps ? new Profiler(gpu) : null;
  }

  kernel(launch: Launch): void {
    const bytes = launch.bound.reduce((sum, { size }) => sum + (size ?? 0), 0);
    if (flags.trace) span("encode", launch.key, launch.start, performance.now(), { op: launch.op, grid: launch.grid });
    if (launch.timed) this.#waiting.push({ ...launch, bytes, submitted: 0 });
    else this.#print(launch, bytes, null);
  }

  upload(bytes: number, start: number): void {
    if (flags.trace) this.#box("upload", `upload ${showBytes(bytes)}`, start, performance.now(), { bytes });
  }

  wait(what: string, start: number): void {
    if (flags.trace) this.#box("wait", what, start, performance.now());
  }

  op(name: string, start: number): void {
    if (flags.trace) this.#box("ops", name, start, performance.now());
  }

  submitted(): void {
    const now = performance.now();
    for (let i = this.#waiting.length - 1; i >= 0 && this.#waiting[i].submitted === 0; i--)
      this.#waiting[i].submitted = now;
  }

  /** Takes the times of finished launches; the caller has waited for them. */
  async settle(): Promise<void> {
    if (!this.profiler || this.#waiting.length === 0) return;
    const launches = this.#waiting;
    this.#waiting = [];
    const times = await this.profiler.collect();
    times.forEach(({ begin }, i) => {
      const { submitted = 0 } = launches[i] ?? {};
      // A kernel cannot begin before it is submitted: the tightest such bound aligns the clocks.
      this.#clock.shift = Math.max(this.#clock.shift, submitted - begin / 1e6);
    });
    times.forEach(({ begin, end }, i) => {
      const launch = launches[i];
      if (!launch) return;
      const [from, to] = [begin / 1e6, end / 1e6];
      this.#print(launch, launch.bytes, to - from);
      if (!flags.trace) return;
      span("gpu", launch.key, from, to, { op: launch.op, grid: launch.grid, bytes: launch.bytes }, this.#clock);
      measure("gpu", launch.key, from + this.#clock.shift, to + this.#clock.shift);
    });
  }

  dispose(): void {
    this.profiler?.dispose();
    this.on = false;
    this.#waiting = [];
  }

  #box(
    track: "ops" | "upload" | "wait",
    name: string,
    start: number,
    end: number,
    args?: Record<string, unknown>,
  ): void {
    span(track, name, start, end, args);
    measure(track, name, start, end);
  }

  #print({ key, op, grid, live }: Launch, bytes: number, ms: number | null): void {
    if (flags.debug < 2 || !matchesFilter(key)) return;
    const time =
      ms === null ? "" : `, ${(ms * 1000).toFixed(1)} us, ${(bytes / Math.max(ms, 1e-6) / 1e6).toFixed(2)} GB/s`;
    say(`${key} ${grid.join("x")}${op ? ` in ${op}` : ""}: ${showBytes(bytes)} bound${time}; live ${showBytes(live)}`);
  }
}
