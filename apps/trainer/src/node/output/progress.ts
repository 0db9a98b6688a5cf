import type { StepEvent, TrainEvent } from "ama-sam";
import type { Io } from "../io";
import { bytesText, durationText } from "./text";

/** How progress is told: a line that redraws itself on a terminal, plain lines in a log, one JSON object a line for programs. */
export type ProgressStyle = "bar" | "lines" | "json";

/** Options of {@link TrainProgress}. */
export interface TrainProgressOptions {
  style?: ProgressStyle;
  /** Seconds between plain lines. Default 10. */
  every?: number;
  /** Seconds. */
  clock?: () => number;
}

const FRAME_SECONDS = 0.1;
const SMOOTHING = 0.9;

/** Tells a training run's progress on stderr: loss parts, images/s, time left, bytes on the GPU. */
export class TrainProgress {
  readonly #io: Io;
  readonly #style: ProgressStyle;
  readonly #every: number;
  readonly #clock: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #secondsPerStep = 0;
  #losses: { loss: number; fine: number; coarse: number; domain: number | null } | null = null;

  constructor(io: Io, options: TrainProgressOptions = {}) {
    this.#io = io;
    this.#style = options.style ?? (io.tty ? "bar" : "lines");
    this.#every = options.every ?? 10;
    this.#clock = options.clock ?? (() => performance.now() / 1000);
  }

  show(event: TrainEvent): void {
    if (this.#style === "json") {
      this.#io.out(`${JSON.stringify(event)}\n`);
      return;
    }
    if (event.type === "step") this.#step(event);
    else if (event.type === "compile") this.#compile(event.done, event.total);
    else {
      const line = eventLine(event);
      if (line) this.line(line);
    }
  }

  /** A line of its own; the bar is drawn again below it. */
  line(text: string): void {
    if (this.#style !== "json") this.#io.err(`${this.#style === "bar" ? "\r\x1b[K" : ""}${text}\n`);
  }

  /** Ends the bar. */
  end(): void {
    if (this.#style === "bar") this.#io.err("\r\x1b[K");
  }

  #compile(done: number, total: number): void {
    if (this.#style === "bar")
      this.#io.err(`\r\x1b[K${progressBar(done / total, 24)}compiling kernels ${done}/${total}`);
    else if (done === total) this.#io.err(`${total} kernels compiled\n`);
  }

  #step(event: StepEvent): void {
    this.#follow(event);
    const now = this.#clock();
    const last = event.step >= event.totalSteps;
    const first = this.#shownAt === Number.NEGATIVE_INFINITY;
    if (!first && !last && now - this.#shownAt < (this.#style === "bar" ? FRAME_SECONDS : this.#every)) return;
    this.#shownAt = now;
    const text = this.#status(event);
    if (this.#style === "lines") this.#io.err(`${text}\n`);
    else {
      const width = Math.max(40, this.#io.columns);
      const bar = progressBar(event.step / event.totalSteps, Math.min(24, Math.max(0, width - text.length - 3)));
      this.#io.err(`\r\x1b[K${`${bar}${text}`.slice(0, width - 1)}`);
    }
  }

  /** Smoothed, because a single batch says little; a skipped step has no loss worth showing. */
  #follow(e: StepEvent): void {
    const mix = (before: number, now: number) => SMOOTHING * before + (1 - SMOOTHING) * now;
    this.#secondsPerStep = this.#secondsPerStep === 0 ? e.seconds : mix(this.#secondsPerStep, e.seconds);
    if (e.skipped) return;
    const l = this.#losses;
    this.#losses = {
      loss: l ? mix(l.loss, e.loss) : e.loss,
      fine: l ? mix(l.fine, e.fine) : e.fine,
      coarse: l ? mix(l.coarse, e.coarse) : e.coarse,
      domain: e.domain === null ? null : l && l.domain !== null ? mix(l.domain, e.domain) : e.domain,
    };
  }

  #status(e: StepEvent): string {
    const l = this.#losses;
    const n = (x: number) => x.toFixed(3);
    const parts = [
      `step ${e.step}/${e.totalSteps}`,
      `epoch ${e.epoch + 1}`,
      l
        ? `loss ${n(l.loss)} (fine ${n(l.fine)} coarse ${n(l.coarse)}${l.domain === null ? "" : ` domain ${n(l.domain)}`})`
        : "",
      `lr ${e.lr.toPrecision(2)}`,
      `${(e.images / this.#secondsPerStep).toPrecision(3)} images/s`,
      `${durationText((e.totalSteps - e.step) * this.#secondsPerStep)} left`,
      `GPU ${bytesText(e.peakBytes)}`,
    ];
    return parts.filter((part) => part !== "").join("  ");
  }
}

/** `[####....] `, or nothing where there is no room. */
export function progressBar(share: number, width: number): string {
  if (width < 6) return "";
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${"#".repeat(full)}${".".repeat(width - full)}] `;
}

function eventLine(event: Exclude<TrainEvent, StepEvent>): string {
  switch (event.type) {
    case "validation":
      return `epoch ${event.epoch}: validation DSC ${event.score.toFixed(4)}${event.best ? " (best so far)" : ""}, ${durationText(event.seconds)}`;
    case "nan":
      return `step ${event.step}: the loss is not a number; step skipped (${event.skipped} so far). Images: ${event.images.join(", ")}`;
    case "rollback":
      return `step ${event.step}: three bad steps in a row; back to the weights of step ${event.toStep}`;
    case "lost":
      return `step ${event.step}: the GPU is gone (${event.message}); taking another`;
    case "recovered":
      return `step ${event.step}: going on, repeated from step ${event.fromStep}`;
    default:
      return "";
  }
}
