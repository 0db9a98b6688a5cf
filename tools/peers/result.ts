import { median } from "../bench/median";
import type { Times } from "../bench/timed";
import type { Counted } from "./protocol";

/** What one library did with one op. */
export interface LibraryResult {
  version: string;
  unsupported?: string;
  failed?: string;
  note?: string;
  /** The first run, compiling. */
  first?: Times;
  /** Of the timed runs: the best by wall time, the middle one by processor time. */
  time?: Times;
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
  /** The best probe of each kind, as often as the libraries and between them. */
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

/**
 * One time from several runs. Other work on the machine only ever adds wall time: the best run counts. Processor time goes both
 * ways with what the other processors do: the middle run counts.
 */
export const summary = (runs: readonly Times[]): Times => ({
  ms: Math.min(...runs.map(({ ms }) => ms)),
  cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
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
  const timeOf = ({ time }: LibraryResult) => (clock === "cpu" ? time?.cpuMs : time?.ms) ?? Infinity;
  const mine = result.libraries[ours];
  if (!mine?.time || !mine.right) return null;
  const peers = Object.entries(result.libraries).filter(([name, r]) => name !== ours && r.right && r.time);
  if (peers.length === 0) return null;
  const [peer, fastest] = peers.reduce((a, b) => (timeOf(a[1]) <= timeOf(b[1]) ? a : b));
  const kind = result.flops > 0 ? "flops" : "bytes";
  const share = ratesOf(result[kind], mine.time, processors)[clock] / result.peaks[kind][clock];
  const memory = (fastest.counted?.peakBytes ?? 0) / (mine.counted?.peakBytes ?? 1);
  return { ratio: timeOf(fastest) / timeOf(mine), peer, share, memory };
}
