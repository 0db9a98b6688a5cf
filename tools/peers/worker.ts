// One library in a process of its own: opens it on the adapter and runs what the command asks for.

import { repeated, timed } from "../bench/timed";
import { errorOf } from "./compare";
import { counts, errors, installCounters, resetPeak, watch } from "./counters";
import { openLibrary } from "./libs/index.mjs";
import { installNavigator } from "./navigator";
import { opsOf } from "./ops";
import { type Message, OURS, PEAKS, type Replies, type Request } from "./protocol";
import type { Op, Peer, Prepared } from "./types";

const [library, adapterName = ""] = process.argv.slice(2);
const adapter = adapterName || undefined;
const send = (message: Message) => process.send?.(message);

function noErrors(): void {
  if (errors.length > 0) throw new Error(`GPU error: ${errors[0]}`);
}

/** Answers requests with one library. */
function serve(peer: Peer): (request: Request) => Promise<Replies[keyof Replies]> {
  let op: Op;
  let prepared: Prepared;
  let before = { ...counts };
  let runs = 0;
  const once = async () => {
    await prepared.before?.();
    return timed(() => prepared.run(), prepared.sync);
  };
  const check = async () => {
    const { value, ms, cpuMs } = await once();
    const got = await prepared.read(value);
    await prepared.free(value);
    noErrors();
    const reference = op.reference(op.inputs());
    const sizeOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
    const worst = Object.entries(op.outputs).map(([k, shape]) => errorOf(got[k], sizeOf(shape), reference[k]));
    resetPeak();
    before = { ...counts };
    return { ms, cpuMs, error: Math.max(...worst) };
  };
  return async (request) => {
    switch (request.type) {
      case "prepare": {
        op = opsOf(request).find(({ name }) => name === request.op) as Op;
        const made = await peer.prepare(op, op.inputs());
        if ("unsupported" in made) return made;
        prepared = made;
        return { note: made.note };
      }
      case "check":
        return check();
      case "run": {
        const run = async () => {
          const { value, ms, cpuMs } = await once();
          await prepared.free(value);
          runs++;
          return { ms, cpuMs };
        };
        const times = prepared.before ? await run() : await repeated(run);
        noErrors();
        return times;
      }
      case "finish": {
        const per = (name: "dispatches" | "submits") => (counts[name] - before[name]) / Math.max(runs, 1);
        return {
          peakBytes: counts.peak,
          dispatches: per("dispatches"),
          submits: per("submits"),
          pipelines: counts.pipelines,
        };
      }
      default:
        throw new Error(`[worker] a library has no ${request.type}`);
    }
  };
}

async function main(): Promise<void> {
  installCounters();
  await installNavigator(adapter);
  const found = await navigator.gpu.requestAdapter();
  const name = found?.info.description ?? "no adapter";
  let answer: (request: Request) => Promise<Replies[keyof Replies]>;
  let version = "";
  if (library === PEAKS) {
    const { openPeaks } = await import("./libs/peaks");
    answer = await openPeaks(adapter);
  } else {
    const host = { watch, adapter };
    const peer = library === OURS ? await (await import("./libs/ours")).open(host) : await openLibrary(library, host);
    version = peer.version;
    answer = serve(peer);
  }
  process.on("message", (request: Request) => {
    answer(request).then(
      (reply) => send({ reply }),
      (error: Error) => send({ failed: error.stack ?? String(error) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
  send({ ready: { version, adapter: name } });
}

main().catch((error: Error) => {
  send({ failed: error.stack ?? String(error) });
  process.exitCode = 1;
});
