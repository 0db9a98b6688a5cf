import { Random } from "@ama-sam/testing";
import { describe, expect, it } from "vitest";
import { AmaSamError } from "../errors";
import { Checkpoints } from "./checkpoints";
import type { TrainEvent } from "./events";
import { FakeDevice, FakeLearner, fakeBatches } from "./fake-learner";
import { memoryStorage, type RunStorage } from "./storage";
import { type LoopOptions, type LoopPlan, TrainingLoop } from "./training-loop";

const plan: LoopPlan = {
  totalSteps: 23,
  lr: (s) => 0.05 * 0.99 ** s,
  lambda: (s) => s / 23,
  validateEvery: 1,
  checkpointEvery: 3,
  checkpointMinutes: 0,
  snapshotEvery: 4,
};
type Fake = FakeLearner;

interface Made {
  loop: TrainingLoop<Fake>;
  events: TrainEvent[];
}

function make(options: Partial<LoopOptions<Fake>> = {}, storage: RunStorage | null = null): Made {
  const events: TrainEvent[] = [];
  const loop = new TrainingLoop<Fake>({
    learner: new FakeLearner(),
    batches: fakeBatches(5),
    plan,
    validate: async (l) => {
      l.device.check();
      return { score: -Math.abs(l.weights[0]!), metrics: { first: l.weights[0]! } };
    },
    onEvent: (e) => events.push(e),
    clock: () => 0,
    ...(storage ? { checkpoints: new Checkpoints(storage) } : {}),
    ...options,
  });
  return { loop, events };
}

/** What must not differ: state, and the events that hold numbers. */
async function outcome({ loop, events }: Made) {
  const { progress, learner } = await loop.state();
  const told = new Map(
    events.flatMap((e) => (e.type === "step" || e.type === "validation" ? [[`${e.type} ${e.step}`, e] as const] : [])),
  );
  return { progress, learner, told: [...told].sort(([a], [b]) => a.localeCompare(b)) };
}

const undisturbed = async () => {
  const made = make({}, memoryStorage());
  expect(await made.loop.run()).toBe("finished");
  return outcome(made);
};

describe("TrainingLoop", () => {
  const savedAt = ({ events }: Made) => events.filter((e) => e.type === "checkpoint").map((e) => e.step);

  it("does all steps, validates at the end of every epoch, saves where it is planned and where it is best", async () => {
    const made = make({}, memoryStorage());
    expect(await made.loop.run()).toBe("finished");
    expect(made.events.filter((e) => e.type === "step").map((e) => e.step)).toEqual(
      Array.from({ length: 23 }, (_, i) => i + 1),
    );
    expect(made.events.filter((e) => e.type === "validation").map((e) => e.step)).toEqual([5, 10, 15, 20, 23]);
    expect(made.events.flatMap((e) => (e.type === "validation" && e.best ? [e.step] : []))).toEqual([5, 10, 15]);
    expect(savedAt(made)).toEqual([3, 5, 6, 9, 10, 12, 15, 18, 21, 23]);
    expect(made.events.at(-1)).toMatchObject({ type: "done", reason: "finished", step: 23 });
    const before = made.events.length;
    expect(await made.loop.run()).toBe("finished");
    expect(made.events.length).toBe(before + 1);
  });

  it.each([
    [0, [5, 10, 15, 20, 23]],
    [7, [7, 14, 21, 23]],
  ])("saves by epochs or by steps: every %i", async (checkpointEvery, steps) => {
    const made = make({ plan: { ...plan, checkpointEvery, validateEvery: 0 } }, memoryStorage());
    await made.loop.run();
    expect(savedAt(made)).toEqual(steps);
  });

  it("saves after so many minutes, also where every epoch is one step", async () => {
    let now = 0;
    const made = make(
      {
        batches: fakeBatches(1),
        clock: () => (now += 5_000),
        plan: { ...plan, checkpointEvery: 100, validateEvery: 0, checkpointMinutes: 1 },
      },
      memoryStorage(),
    );
    await made.loop.run();
    expect(savedAt(made).length).toBeGreaterThan(3);
    expect(savedAt(made).length).toBeLessThan(12);
  });

  it("interrupted after any step and resumed by another loop, ends the same", async () => {
    const whole = await undisturbed();
    for (let stop = 0; stop < 23; stop++) {
      const storage = memoryStorage();
      const first = make({}, storage);
      expect(await first.loop.run({ maxSteps: stop })).toBe("steps");
      const second = make({}, storage);
      const found = await new Checkpoints(storage).load();
      second.loop.restore(found!);
      expect(second.loop.progress.step).toBe(stop);
      await second.loop.run();
      const end = await outcome({ loop: second.loop, events: [...first.events, ...second.events] });
      expect(end, `stopped after ${stop}`).toEqual(whole);
    }
  });

  it("killed in the middle of any write, is readable and ends the same", async () => {
    const whole = await undisturbed();
    const random = new Random(7);
    for (let round = 0; round < 40; round++) {
      const files = new Map<string, Uint8Array>();
      let left = random.integer(0, 55);
      const inner = memoryStorage(files);
      const dying: RunStorage = {
        ...inner,
        write: async (path, bytes) => {
          if (left-- <= 0) throw new Error("killed");
          await inner.write(path, bytes);
        },
        remove: async (path) => {
          if (left <= 0) throw new Error("killed");
          await inner.remove(path);
        },
      };
      const first = make({}, dying);
      await first.loop.run().catch(() => undefined);
      const events = first.events;
      const second = make({}, memoryStorage(files));
      const found = await new Checkpoints(memoryStorage(files)).load();
      if (found) second.loop.restore(found);
      await second.loop.run();
      expect(await outcome({ loop: second.loop, events: [...events, ...second.events] }), `round ${round}`).toEqual(
        whole,
      );
    }
  });

  it("stops by signal and by time, after a step, with everything saved", async () => {
    const controller = new AbortController();
    const storage = memoryStorage();
    const made = make({ onEvent: (e) => e.type === "step" && e.step === 7 && controller.abort() }, storage);
    expect(await made.loop.run({ signal: controller.signal })).toBe("stopped");
    expect((await new Checkpoints(storage).load())?.progress.step).toBe(7);
    let now = 0;
    const timed = make({ clock: () => (now += 1000) });
    expect(await timed.loop.run({ maxTimeMs: 20_000 })).toBe("time");
    expect(timed.loop.progress.step).toBeGreaterThan(0);
    expect(timed.loop.isFinished).toBe(false);
  });

  it("the best checkpoint is the one with the highest score, ties and NaN keep the older", async () => {
    const scores = [0.2, 0.6, Number.NaN, 0.6, 0.4];
    const storage = memoryStorage();
    const made = make({ validate: async () => ({ score: scores.shift()!, metrics: {} }) }, storage);
    await made.loop.run();
    expect(made.loop.progress.best).toEqual({ score: 0.6, step: 10 });
    expect((await new Checkpoints(storage).load("best"))?.progress.step).toBe(10);
    expect(made.events.flatMap((e) => (e.type === "validation" ? [e.best] : []))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("refuses a state of other data", async () => {
    const { loop } = make();
    const state = await loop.state();
    const other = make({ batches: fakeBatches(4) });
    expect(() => other.loop.restore(state)).toThrow(/other data.*5 steps per epoch.*Expected 4/);
  });

  it("passes on the error of a batch in its turn", async () => {
    const batches = fakeBatches(5);
    const made = make({
      batches: {
        ...batches,
        batch: async (e, s) => (e === 1 && s === 2 ? Promise.reject(new Error("bad file")) : batches.batch(e, s)),
      },
    });
    await expect(made.loop.run()).rejects.toThrow("bad file");
    expect(made.loop.progress.step).toBe(7);
  });
});

describe("NaN", () => {
  const spoiling = (bad: (call: number) => boolean) =>
    new FakeLearner(new FakeDevice(), (call) => (bad(call) ? "nan" : undefined));

  it("skips and counts single bad steps: weights stay", async () => {
    for (const at of [0, 1, 4, 5, 22]) {
      const made = make({ learner: spoiling((call) => call === at) });
      await made.loop.run();
      expect(made.loop.progress.guard).toMatchObject({ skipped: 1, inARow: at === 22 ? 1 : 0, rollbacks: 0 });
      expect(made.loop.learner.updates).toBe(22);
      const skipped = made.events.filter((e) => e.type === "step" && e.skipped);
      expect(skipped.map((e) => e.type === "step" && e.step)).toEqual([at + 1]);
      expect(made.events.find((e) => e.type === "nan")).toMatchObject({
        images: [`p/${at % 5}`, `a/${at % 5}`],
        inARow: 1,
      });
    }
  });

  it("rolls back to the last checkpoint after three in a row", async () => {
    const made = make({ learner: spoiling((call) => call >= 7 && call < 10) }, memoryStorage());
    await made.loop.run({ maxSteps: 6 });
    const { learner: at6 } = await made.loop.state();
    const again = make({ learner: spoiling((call) => call >= 7 && call < 10) }, memoryStorage());
    await again.loop.run({ maxSteps: 10 });
    expect(again.events.find((e) => e.type === "rollback")).toMatchObject({ step: 10, toStep: 6, rollbacks: 1 });
    expect((await again.loop.state()).learner).toEqual(at6);
    expect(again.loop.progress.step).toBe(10);
    await again.loop.run();
    expect(again.loop.learner.updates).toBe(6 + 13);
  });

  it("stops after three roll-backs, naming the images", async () => {
    const made = make({ learner: spoiling((call) => call >= 4) }, memoryStorage());
    const error = await made.loop.run().catch((e: unknown) => e);
    expect(AmaSamError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(/after 3 returns.*p\/3, a\/3, p\/4, a\/4, p\/0, a\/0/);
    expect(made.events.filter((e) => e.type === "rollback")).toHaveLength(3);
    expect(made.loop.progress.guard.skipped).toBe(12);
  });

  it("interrupted after any step, by any clock, goes back to the same weights", async () => {
    // A bad row across the checkpoint of step 9 and one across the end of the epoch at 15; another before any checkpoint.
    for (const bad of [
      (call: number) => (call >= 7 && call < 10) || (call >= 13 && call < 16),
      (call: number) => call < 3,
    ]) {
      const made = make({ learner: spoiling(bad) }, memoryStorage());
      await made.loop.run();
      const whole = await outcome(made);
      for (let stop = 0; stop < 23; stop++) {
        const storage = memoryStorage();
        let now = 0;
        const first = make(
          { learner: spoiling(bad), clock: () => (now += 20_000), plan: { ...plan, checkpointMinutes: 1 } },
          storage,
        );
        await first.loop.run({ maxSteps: stop });
        const second = make({ learner: spoiling((call) => bad(call + stop)) }, storage);
        const found = (await new Checkpoints(storage).load())!;
        const { learner } = await second.loop.state();
        second.loop.restore({ ...found, safe: found.safe ?? { step: 0, learner, path: null } });
        await second.loop.run();
        const { progress, learner: end } = await outcome(second);
        expect({ progress, learner: end }, `stopped after ${stop}`).toEqual({
          progress: whole.progress,
          learner: whole.learner,
        });
      }
    }
  });
});

describe("a lost device", () => {
  /** A learner whose device dies at a call; the next ones live until their own time. */
  function losing(at: (call: number) => boolean) {
    let call = 0;
    const learner = (): FakeLearner =>
      new FakeLearner(new FakeDevice(), (_, __, self) => {
        if (at(call++)) self.device.lost = true;
        return undefined;
      });
    return { learner: learner(), recover: async () => learner() };
  }

  it("at any step changes nothing of the result", async () => {
    const whole = await undisturbed();
    for (let at = 0; at < 23; at++) {
      const made = make(
        losing((call) => call === at),
        memoryStorage(),
      );
      await made.loop.run();
      expect(await outcome(made), `lost at ${at}`).toEqual(whole);
      expect(made.events.filter((e) => e.type === "step")).toHaveLength(23);
      expect(made.events.filter((e) => e.type === "recovered")).toHaveLength(1);
    }
  });

  it("in validation, in saving and while recovering changes nothing either", async () => {
    const whole = await undisturbed();
    const inside = (where: "validate" | "save") => {
      let died = false;
      const die = (l: FakeLearner): void => {
        if (!died) l.device.lost = died = true;
        l.device.check();
      };
      class Dying extends FakeLearner {
        override async save() {
          if (where === "save" && this.updates === 5) die(this);
          return super.save();
        }
      }
      return make(
        {
          learner: new Dying(),
          recover: async () => new FakeLearner(),
          validate: async (l) => {
            if (where === "validate" && l.updates === 10) die(l);
            return { score: -Math.abs(l.weights[0]!), metrics: { first: l.weights[0]! } };
          },
        },
        memoryStorage(),
      );
    };
    for (const where of ["validate", "save"] as const) {
      const made = inside(where);
      await made.loop.run();
      expect(await outcome(made), where).toEqual(whole);
      expect(made.events.some((e) => e.type === "recovered")).toBe(true);
    }
    const twice = make(
      losing((call) => call === 7 || call === 9),
      memoryStorage(),
    );
    await twice.loop.run();
    expect(await outcome(twice)).toEqual(whole);
  });

  it("replays batches that a caller gave", async () => {
    const batches = await Promise.all([7, 8, 9].map((k) => fakeBatches(20).batch(0, k)));
    const run = async (made: Made) => {
      for (const batch of batches) await made.loop.step(batch);
      return (await made.loop.state()).learner;
    };
    expect(await run(make(losing((call) => call === 2)))).toEqual(await run(make()));
  });

  it("gives up after three in a row, and at once without recover", async () => {
    const made = make(losing((call) => call >= 5));
    await expect(made.loop.run()).rejects.toThrow("lost");
    expect(made.events.filter((e) => e.type === "lost")).toHaveLength(4);
    const alone = make({ learner: losing((call) => call === 5).learner });
    await expect(alone.loop.run()).rejects.toThrow("lost");
  });
});
