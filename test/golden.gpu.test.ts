import { goldenCase, goldenDir, goldenIds, testDevice, type Verdict } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";
import { runCheckpoints } from "../tools/golden/checkpoints";
import { runMetrics } from "../tools/golden/metrics";
import { runModel } from "../tools/golden/models";
import { runOp } from "../tools/golden/ops";
import { runTraining } from "../tools/golden/training";

/** The committed golden cases, but `fullsize`, which takes minutes: `npm run golden -- --only fullsize`. */
const dir = goldenDir();
const RUNNERS: Record<string, (id: string) => Promise<Verdict[]> | Verdict[]> = {
  ops: async (id) => runOp(goldenCase(id, dir), await testDevice()),
  metrics: (id) => runMetrics(goldenCase(id, dir)),
  models: async (id) => runModel(goldenCase(id, dir), dir, await testDevice()),
  training: async (id) => runTraining(goldenCase(id, dir), dir, await testDevice()),
  checkpoints: (id) => runCheckpoints(id, dir),
};

describe.each(Object.keys(RUNNERS))("golden %s", (group) => {
  test.each(goldenIds(group, dir))("%s", async (id) => {
    const verdicts = await RUNNERS[group](id);
    expect(verdicts.length, "something was compared").toBeGreaterThan(0);
    expect(verdicts.filter((v) => !v.ok).map((v) => `${v.name}: ${v.message}`)).toEqual([]);
  });
});

test("a wrong value is noticed", async () => {
  const id = goldenIds("ops", dir)[0];
  const spoiled = goldenCase(id, dir);
  const y = spoiled.tensors.get("out.y");
  if (y) (y.data as Float32Array)[0] += 0.1;
  const verdicts = await runOp(spoiled, await testDevice());
  expect(verdicts.find((v) => v.name === "out.y")?.ok).toBe(false);
});
