import { flags } from "./flags";

/** One box of the timeline, as Chrome's trace format has it: times in microseconds. Opens in Perfetto. */
export interface TraceEvent {
  name: string;
  cat: string;
  ph: "X" | "M";
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  args?: Record<string, unknown>;
}

/** Rows of the timeline. */
export const TRACKS = { ops: 1, encode: 2, gpu: 3, upload: 4, wait: 5 } as const;
export type Track = keyof typeof TRACKS;
const NAMES: Record<Track, string> = {
  ops: "CPU: ops",
  encode: "CPU: kernels encoded",
  gpu: "GPU: kernels",
  upload: "uploads",
  wait: "waits",
};

/** How a clock runs against `performance.now()`: `ms = own * scale + shift`. */
export interface Clock {
  shift: number;
}

interface Span {
  track: Track;
  name: string;
  /** Milliseconds on the span's clock. */
  start: number;
  end: number;
  clock: Clock | null;
  args?: Record<string, unknown>;
}

const MOST = 1_000_000;
const spans: Span[] = [];
let dropped = 0;
let file = "";
let armed = false;

type Writer = (path: string, text: string) => void;
interface NodeProcess {
  getBuiltinModule?: (name: string) => { writeFileSync?: Writer } | undefined;
  once?: (event: string, run: () => void) => void;
}
const node = (globalThis as { process?: NodeProcess }).process;

let writer: Writer | null = null;

/** Sets who writes the trace file; Node 20.16 and newer need none. */
export function setTraceWriter(write: (path: string, text: string) => void): void {
  writer = write;
}

/** @internal Adds a box; `start` and `end` in ms. In a browser it also appears in the Performance panel. */
export function span(
  track: Track,
  name: string,
  start: number,
  end: number,
  args?: Record<string, unknown>,
  clock: Clock | null = null,
): void {
  if (spans.length >= MOST) {
    dropped++;
    return;
  }
  spans.push({ track, name, start, end, clock, args });
  file = flags.trace || file;
  if (armed) return;
  armed = true;
  node?.once?.("exit", () => writeTrace());
}

/** @internal Shows a box in the browser's own Performance panel, a track each. */
export function measure(track: Track, name: string, start: number, end: number): void {
  if (node?.getBuiltinModule || typeof performance.measure !== "function") return;
  const detail = { devtools: { dataType: "track-entry", trackGroup: "tensor", track: NAMES[track] } };
  performance.measure(name, { start: Math.max(0, start), end: Math.max(0, end), detail });
}

/** What `TENSOR_TRACE` has gathered so far, oldest first. */
export function traceEvents(): TraceEvent[] {
  const named = (Object.keys(TRACKS) as Track[]).map(
    (track): TraceEvent => ({
      name: "thread_name",
      cat: "__metadata",
      ph: "M",
      ts: 0,
      pid: 1,
      tid: TRACKS[track],
      args: { name: NAMES[track] },
    }),
  );
  const boxes = spans.map(({ track, name, start, end, clock, args }): TraceEvent => {
    const shift = clock?.shift ?? 0;
    const ts = (start + shift) * 1000;
    return { name, cat: track, ph: "X", ts, dur: (end - start) * 1000, pid: 1, tid: TRACKS[track], args };
  });
  return [...named, ...boxes.sort((a, b) => a.ts - b.ts)];
}

/** Forgets the gathered boxes. */
export function clearTrace(): void {
  spans.length = 0;
  dropped = 0;
}

/** @internal Writes the file that `TENSOR_TRACE` names; again at every dispose, the last one holds everything. */
export function writeTrace(): void {
  if (!file || spans.length === 0) return;
  const write = writer ?? node?.getBuiltinModule?.("node:fs")?.writeFileSync;
  if (!write) return; // a browser: the Performance panel has it, and traceEvents()
  const otherData = dropped > 0 ? { dropped } : {};
  write(file, JSON.stringify({ traceEvents: traceEvents(), displayTimeUnit: "ms", otherData }));
}
