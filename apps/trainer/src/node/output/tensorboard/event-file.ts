import { maskedCrc32c } from "./crc32c";
import { type Event, encodeEvent, type SummaryValue } from "./event";

/** A TFRecord: length (u64), its masked CRC, the data, its masked CRC; all little-endian. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** Where records go: a file in append mode. */
export interface RecordSink {
  append(bytes: Uint8Array): void;
}

/** Writes a TensorBoard event file record by record. Every record is whole in itself: a cut file loses its last record alone. */
export class EventWriter {
  readonly #sink: RecordSink;
  readonly #now: () => number;

  /** `now` gives seconds since 1970. */
  constructor(sink: RecordSink, now: () => number = () => Date.now() / 1000) {
    this.#sink = sink;
    this.#now = now;
    this.#write({ wallTime: now(), fileVersion: "brain.Event:2" });
  }

  /** Values of one step, by tag; what is not finite is written as it is (TensorBoard shows NaN as a triangle). */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).map(([tag, scalar]): SummaryValue => ({ tag, scalar }));
    if (summary.length > 0) this.#write({ wallTime: this.#now(), step, values: summary });
  }

  /** Says that the run goes on after `step`: what older files hold beyond it is void. */
  restart(step: number): void {
    this.#write({ wallTime: this.#now(), step: step + 1, restart: true });
  }

  /** A PNG under a tag. */
  image(step: number, tag: string, image: { width: number; height: number; png: Uint8Array }): void {
    this.#write({ wallTime: this.#now(), step, values: [{ tag, image }] });
  }

  #write(event: Event): void {
    this.#sink.append(frameRecord(encodeEvent(event)));
  }
}

/** The name TensorBoard looks for: `events.out.tfevents.SECONDS.HOST`. */
export function eventFileName(seconds: number, host: string): string {
  return `events.out.tfevents.${Math.floor(seconds)}.${host.replace(/[^\w.-]/g, "_") || "host"}`;
}
