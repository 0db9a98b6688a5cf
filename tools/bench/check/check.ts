import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import type { Device } from "@ama-sam/tensor";
import type { Bench } from "@ama-sam/testing";
import { chosenBenches, collectBenches } from "../collect";
import { type PeakProbe, peakProbes } from "../peaks";
import { adapterFamily, compareShares, LEAST, type Shares, shareOf } from "./compare";
import { measureRounds } from "./measure";
import { readShares, writeShares } from "./shares-file";

const HELP = `Compares every kernel's share of the adapter's measured peak with the share on record: ratios, not times.

  npm run bench:check -- [--only TEXT] [--adapter NAME] [--record] [--rounds N]

  --only     benches whose name contains TEXT (several by comma)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --record   write the measured shares to tools/bench/shares, those of other benches kept
  --rounds   how often a bench and the peak take turns (default 7; three times as often to record); the middle share counts

Fails when a kernel is below ${100 * LEAST} % of its share on record after three measurements.`;

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
/** Measurements before a kernel counts as slow. */
const TRIES = 3;

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown"; // no git here
  }
}

/** The share of one bench, now. */
type Measure = (bench: Bench) => Promise<number>;

/** To record: the middle of all rounds. */
const steady =
  (device: Device, probes: readonly PeakProbe[], count: number): Measure =>
  async (bench) =>
    shareOf(await measureRounds(device, bench, probes, TRIES * count));

/** To compare: a suspect is measured again, and its best share counts. */
const patient =
  (device: Device, probes: readonly PeakProbe[], count: number, known: Shares): Measure =>
  async (bench) => {
    let best = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      best = Math.max(best, shareOf(await measureRounds(device, bench, probes, count)));
      if (compareShares(known, { [bench.name]: best }).slow.length === 0) break;
    }
    return best;
  };

async function measureAll(device: Device, benches: readonly Bench[], measureOf: (probes: PeakProbe[]) => Measure) {
  const probes = peakProbes(device);
  const measure = measureOf(probes);
  for (const { run } of probes) run(); // compiles
  await device.sync();
  const shares: Record<string, number> = {};
  for (const bench of benches) {
    shares[bench.name] = await measure(bench);
    console.log(`${bench.name.padEnd(52)}${percent(shares[bench.name]).padStart(9)}`);
  }
  for (const probe of probes) probe.dispose();
  return shares;
}

/** The command; resolves to its exit status. */
export async function check(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      adapter: { type: "string" },
      record: { type: "boolean" },
      rounds: { type: "string", default: "7" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const benches = chosenBenches(await collectBenches(), values.only);
  if (benches.length === 0) {
    console.error("no bench matches; try npm run bench:check -- --help");
    return 2;
  }
  const device = await openGpu({ adapter: values.adapter });
  try {
    const family = adapterFamily(device.info);
    const recorded = readShares(family);
    if (!recorded && !values.record) {
      console.error(
        `nothing is on record for ${device.info.name} (${family}). Record it at a commit you trust: npm run bench:check -- --record`,
      );
      return 2;
    }
    const known = recorded?.shares ?? {};
    const rounds = Number(values.rounds);
    const at = commit();
    const measured = await measureAll(device, benches, (probes) =>
      values.record ? steady(device, probes, rounds) : patient(device, probes, rounds, known),
    );
    if (values.record) {
      const shares = values.only ? { ...known, ...measured } : measured;
      writeShares(family, { adapter: device.info.name, commit: at, shares });
      console.log(`recorded ${Object.keys(measured).length} shares in tools/bench/shares/${family}.json`);
      return 0;
    }
    return report(known, measured, values.only !== undefined);
  } finally {
    await device.dispose();
  }
}

function report(known: Shares, measured: Shares, partial: boolean): number {
  const { slow, fresh, missing } = compareShares(known, measured);
  for (const { name, recorded, measured } of slow)
    console.error(`SLOWER ${name}: ${percent(measured)} of the peak, ${percent(recorded)} on record`);
  if (fresh.length > 0) console.log(`not on record: ${fresh.join(", ")}`);
  if (missing.length > 0 && !partial) console.log(`on record, but no such bench: ${missing.join(", ")}`);
  console.log(
    `${Object.keys(measured).length - slow.length - fresh.length} as fast as on record, ${slow.length} slower`,
  );
  return slow.length > 0 ? 1 : 0;
}
