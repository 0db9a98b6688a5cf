// What the command and a library's process say to each other.
import type { Times } from "../bench/timed";

export const OURS = "ama-sam";
export const PEERS = ["tfjs", "jax-js", "ort-web"];
export const PEAKS = "peaks";

export type Request =
  | { type: "prepare"; op: string; rows: number; tokens: number }
  /** The first run, which compiles, with the check of its results. */
  | { type: "check" }
  | { type: "run" }
  | { type: "peaks" }
  | { type: "finish" };

export interface PeakRun extends Times {
  name: string;
  kind: "flops" | "bytes";
  work: number;
}

export interface Ready {
  version: string;
  adapter: string;
}

export interface Checked extends Times {
  /** Largest error of sampled elements over their root mean square, the worst output. */
  error: number;
}

export interface Counted {
  /** Bytes of live buffers at the peak of the timed runs. */
  peakBytes: number;
  dispatches: number;
  submits: number;
  pipelines: number;
}

export interface Replies {
  prepare: { note?: string; unsupported?: string };
  check: Checked;
  run: Times;
  peaks: PeakRun[];
  finish: Counted;
}

export type Message = { ready: Ready } | { reply: Replies[keyof Replies] } | { failed: string };
