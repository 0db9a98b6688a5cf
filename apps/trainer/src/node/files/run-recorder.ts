import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { StepEvent, TrainEvent, ValidationEvent } from "ama-sam";
import { csvRow } from "../output/csv";
import { EventWriter, eventFileName } from "../output/tensorboard/event-file";
import { AppendLog } from "./append-log";
import { writeAtomic } from "./atomic-write";

/** Columns of `metrics.csv`: what a resumed run repeats bit for bit. Times and bytes are in `metrics.jsonl`. */
export const METRICS_COLUMNS = [
  "step",
  "epoch",
  "lr",
  "lambda",
  "loss",
  "fine",
  "coarse",
  "domain",
  "gradNorm",
  "skipped",
  "validationDsc",
] as const;

/**
 * Writes a run's events as they come: `metrics.csv` (one row a step, one a validation), `metrics.jsonl` (every event with its time)
 * and TensorBoard files in `tb/`. Rows are whole and handed to the system at once, so `kill -9` loses none.
 */
export class RunRecorder {
  readonly #csv: AppendLog;
  readonly #jsonl: AppendLog;
  readonly #tensorboard: EventWriter;
  readonly #tensorboardFile: AppendLog;

  private constructor(root: string, fromStep: number) {
    mkdirSync(join(root, "tb"), { recursive: true });
    this.#csv = new AppendLog(join(root, "metrics.csv"), { lines: true });
    this.#jsonl = new AppendLog(join(root, "metrics.jsonl"), { lines: true });
    if (this.#csv.isEmpty) this.#csv.append(csvRow(METRICS_COLUMNS));
    const now = Date.now() / 1000;
    let name = eventFileName(now, hostname());
    for (let n = 1; existsSync(join(root, "tb", name)); n++) name = `${eventFileName(now, hostname())}.${n}`;
    this.#tensorboardFile = new AppendLog(join(root, "tb", name));
    this.#tensorboard = new EventWriter(this.#tensorboardFile);
    if (fromStep > 0) this.#tensorboard.restart(fromStep);
  }

  /**
   * Opens the logs; rows that a resumed run writes again are taken out first: those of steps after `fromStep`, and of validations
   * after step `closed`.
   */
  static async open(root: string, fromStep = 0, closed = fromStep): Promise<RunRecorder> {
    mkdirSync(root, { recursive: true });
    await keepLines(join(root, "metrics.csv"), (line, i) => {
      const cells = line.split(",");
      return i === 0 || Number(cells[0]) <= (cells.at(-1) === "" ? fromStep : closed);
    });
    await keepLines(join(root, "metrics.jsonl"), (line) => {
      const { step, type } = JSON.parse(line) as { step?: number; type?: string };
      return step === undefined || step <= (type === "validation" ? closed : fromStep);
    });
    return new RunRecorder(root, fromStep);
  }

  /** Whether `metrics.jsonl` of a folder holds a row of this type at this step. */
  static has(root: string, type: string, step: number): boolean {
    const path = join(root, "metrics.jsonl");
    if (!existsSync(path)) return false;
    return readFileSync(path, "utf8")
      .split("\n")
      .some((line) => {
        if (!line.includes(`"type":"${type}"`)) return false;
        const row = JSON.parse(line) as { type?: string; step?: number };
        return row.type === type && row.step === step;
      });
  }

  record(event: TrainEvent): void {
    this.#jsonl.append(`${JSON.stringify({ time: new Date().toISOString(), ...event }, asWords)}\n`);
    if (event.type === "step") this.#step(event);
    else if (event.type === "validation") this.#validation(event);
  }

  /** Any other row of `metrics.jsonl`, such as the domain probe's. */
  note(row: Record<string, unknown>): void {
    this.#jsonl.append(`${JSON.stringify({ time: new Date().toISOString(), ...row }, asWords)}\n`);
  }

  scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.#tensorboard.scalars(step, values);
  }

  image(step: number, tag: string, image: { width: number; height: number; png: Uint8Array }): void {
    this.#tensorboard.image(step, tag, image);
  }

  close(): void {
    this.#csv.close();
    this.#jsonl.close();
    this.#tensorboardFile.close();
  }

  #step(e: StepEvent): void {
    const skipped = e.skipped ? 1 : 0;
    this.#csv.append(
      csvRow([e.step, e.epoch, e.lr, e.lambda, e.loss, e.fine, e.coarse, e.domain, e.gradNorm, skipped, null]),
    );
    this.#tensorboard.scalars(e.step, {
      "loss/total": e.loss,
      "loss/fine": e.fine,
      "loss/coarse": e.coarse,
      ...(e.domain !== null && { "loss/domain": e.domain }),
      "train/lr": e.lr,
      "train/lambda": e.lambda,
      "train/grad_norm": e.gradNorm,
      "speed/images_per_second": e.imagesPerSecond,
      "memory/peak_bytes": e.peakBytes,
    });
  }

  #validation(e: ValidationEvent): void {
    this.#csv.append(csvRow([e.step, e.epoch, null, null, null, null, null, null, null, null, e.score]));
    const tags = Object.entries(e.metrics).filter(([, value]) => typeof value === "number");
    this.#tensorboard.scalars(e.step, Object.fromEntries(tags.map(([name, value]) => [`validation/${name}`, value])));
  }
}

/** JSON has no NaN: a word is better than a silent null. */
function asWords(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

async function keepLines(path: string, keep: (line: string, index: number) => boolean): Promise<void> {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n").slice(0, -1); // what follows the last line end was cut
  const kept = lines.filter((line, i) => {
    try {
      return keep(line, i);
    } catch {
      return false;
    }
  });
  const next = kept.map((line) => `${line}\n`).join("");
  if (next !== text) await writeAtomic(path, next);
}
