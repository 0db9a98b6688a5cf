import { availableParallelism } from "node:os";
import type { Times } from "../bench/timed";
import { OURS, PEAKS, PEERS, type PeakRun } from "./protocol";
import { LARGEST_ERROR, type LibraryResult, type OpResult, type Rates, ratesOf, summary } from "./result";
import { Session } from "./session";
import type { Op } from "./types";

export interface MeasureOptions {
  adapter: string | undefined;
  libraries: readonly string[];
  rows: number;
  tokens: number;
  /** Timed runs of each library. */
  reps: number;
  /** Longest answer. */
  limitMs: number;
}

interface Running {
  session: Session;
  result: LibraryResult;
  runs: Times[];
}

/** Runs `step`; what goes wrong ends this library's part, not the others'. */
async function guarded(it: Running, step: () => Promise<void>): Promise<void> {
  if (it.result.failed || it.result.unsupported) return;
  try {
    await step();
  } catch (error) {
    it.result.failed = (error as Error).message.slice(0, 300);
    it.session.close();
  }
}

async function start(library: string, op: Op, options: MeasureOptions): Promise<Running | LibraryResult> {
  const { adapter, rows, tokens, limitMs } = options;
  try {
    const { session, ready } = await Session.open(library, adapter, limitMs);
    const it: Running = { session, result: { version: ready.version }, runs: [] };
    await guarded(it, async () => {
      const { unsupported, note } = await session.ask({ type: "prepare", op: op.name, rows, tokens });
      Object.assign(it.result, { unsupported, note });
    });
    await guarded(it, async () => {
      const { ms, cpuMs, error } = await session.ask({ type: "check" });
      Object.assign(it.result, { first: { ms, cpuMs }, error, right: error < LARGEST_ERROR });
    });
    return it;
  } catch (error) {
    return { version: "", failed: (error as Error).message.slice(0, 300) };
  }
}

function peaksOf(runs: readonly PeakRun[]): OpResult["peaks"] {
  const best = (kind: PeakRun["kind"]): Rates => {
    const names = [...new Set(runs.filter((r) => r.kind === kind).map((r) => r.name))];
    const rates = names.map((name) => {
      const own = runs.filter((r) => r.name === name);
      return ratesOf(own[0].work, summary(own), availableParallelism());
    });
    return { wall: Math.max(0, ...rates.map((r) => r.wall)), cpu: Math.max(0, ...rates.map((r) => r.cpu)) };
  };
  return { flops: best("flops"), bytes: best("bytes") };
}

/** One op in all libraries, run in turn: what else the machine does hits all alike. Fresh processes, so that memory is the op's. */
export async function measureOp(op: Op, options: MeasureOptions): Promise<OpResult> {
  const peaks = await Session.open(PEAKS, options.adapter, options.limitMs);
  const probes: PeakRun[] = [];
  const libraries: Record<string, LibraryResult> = {};
  const running: Running[] = [];
  try {
    for (const library of [OURS, ...PEERS].filter((name) => options.libraries.includes(name))) {
      const it = await start(library, op, options);
      libraries[library] = "session" in it ? it.result : it;
      if ("session" in it) running.push(it);
    }
    await peaks.session.ask({ type: "peaks" }); // compiles
    for (let rep = 0; rep < options.reps; rep++) {
      probes.push(...(await peaks.session.ask({ type: "peaks" })));
      for (const it of running) await guarded(it, async () => void it.runs.push(await it.session.ask({ type: "run" })));
    }
    for (const it of running)
      await guarded(it, async () => {
        it.result.counted = await it.session.ask({ type: "finish" });
        it.result.runs = it.runs;
        it.result.time = summary(it.runs);
      });
  } finally {
    for (const { session } of [...running, peaks]) session.close();
  }
  return { op: op.name, flops: op.flops, bytes: op.bytes, peaks: peaksOf(probes), libraries };
}
