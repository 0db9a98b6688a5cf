import type { Counted } from "./protocol";
import type { Times } from "./timed";

/** What one library did with one op. */
export interface LibraryResult {
  version: string;
  unsupported?: string;
  failed?: string;
  note?: string;
  /** The first run, compiling. */
  first?: Times;
  /** The best of the timed runs. */
  best?: Times;
  runs?: Times[];
  error?: number;
  /** Whether the error is that of float32 arithmetic. */
  right?: boolean;
  counted?: Counted;
}

/** One line of the table. */
export interface OpResult {
  op: string;
  flops: number;
  bytes: number;
  /** Best of the probes that ran between the libraries: work per second by wall time and by processor time. */
  peaks: { flops: Rates; bytes: Rates };
  libraries: Record<string, LibraryResult>;
}

/** Work per second, in units of 1e9. */
export interface Rates {
  wall: number;
  /** Per processor second, times the processors: what an idle machine gives. */
  cpu: number;
}

/** A whole run. */
export interface Report {
  adapter: string;
  processors: number;
  node: string;
  load: number[];
  results: OpResult[];
}

/** Which clock decides. */
export type Clock = "cpu" | "wall";

/** Largest error, relative to the root mean square, that float32 arithmetic explains. */
export const LARGEST_ERROR = 2e-4;

export const bestOf = (runs: readonly Times[]): Times => ({
  ms: Math.min(...runs.map(({ ms }) => ms)),
  cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
});

/** 1e9 per second: work in units per milliseconds. */
export const ratesOf = (work: number, { ms, cpuMs }: Times, processors: number): Rates => ({
  wall: work / ms / 1e6,
  cpu: (work / cpuMs / 1e6) * processors,
});

/** Ours against the fastest peer whose result is right. */
export interface Verdict {
  /** Peer's time over ours: above 1, ours is faster. */
  ratio: number;
  peer: string;
  /** Of the peak that bounds the op. */
  share: number;
  /** The peer's bytes over ours. */
  memory: number;
}

/** Compares one line; null where ours or every peer has no right result. */
export function verdict(result: OpResult, ours: string, clock: Clock, processors: number): Verdict | null {
  const time = ({ best }: LibraryResult) => (clock === "cpu" ? best?.cpuMs : best?.ms) ?? Infinity;
  const mine = result.libraries[ours];
  if (!mine?.best || !mine.right) return null;
  const peers = Object.entries(result.libraries).filter(([name, r]) => name !== ours && r.right && r.best);
  if (peers.length === 0) return null;
  const [peer, fastest] = peers.reduce((a, b) => (time(a[1]) <= time(b[1]) ? a : b));
  const kind = result.flops > 0 ? "flops" : "bytes";
  const share = ratesOf(result[kind], mine.best, processors)[clock] / result.peaks[kind][clock];
  const memory = (fastest.counted?.peakBytes ?? 0) / (mine.counted?.peakBytes ?? 1);
  return { ratio: time(fastest) / time(mine), peer, share, memory };
}
