import { median } from "../median";

/** Shares of an adapter's peak by bench name. */
export type Shares = Readonly<Record<string, number>>;

/** A kernel is slow below this part of its recorded share. */
export const LEAST = 0.85;

/** What became of the recorded shares. */
export interface Comparison {
  /** Below `LEAST` of the recorded share. */
  slow: { name: string; recorded: number; measured: number }[];
  /** Measured, but never recorded. */
  fresh: string[];
  /** Recorded, but not measured. */
  missing: string[];
}

/** Compares measured shares with recorded ones. */
export function compareShares(recorded: Shares, measured: Shares): Comparison {
  const slow = Object.entries(measured)
    .filter(([name, share]) => name in recorded && share < LEAST * recorded[name])
    .map(([name, share]) => ({ name, recorded: recorded[name], measured: share }));
  const fresh = Object.keys(measured).filter((name) => !(name in recorded));
  const missing = Object.keys(recorded).filter((name) => !(name in measured));
  return { slow, fresh, missing };
}

/** Name of an adapter's file: versions say little about speed, so they are left out. */
export function adapterFamily({ name, architecture }: { name: string; architecture: string }): string {
  const known = ["lavapipe", "swiftshader"].find((word) => name.toLowerCase().includes(word));
  const words = `${name} ${architecture}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return known ?? words.replace(/^-|-$/g, "");
}

/** One measurement: work per time of a bench and of the probe beside it. */
export interface Round {
  bench: number;
  probe: number;
}

/** The share of the peak from rounds: the middle one, because other work on the machine hits a bench and its probe alike. */
export function shareOf(rounds: readonly Round[]): number {
  return median(rounds.map((r) => r.bench / r.probe));
}
