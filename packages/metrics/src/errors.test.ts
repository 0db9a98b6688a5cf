import { describe, expect, it } from "vitest";
import {
  aggregate,
  aji,
  ajiPlus,
  compareRuns,
  connectedComponents,
  dice,
  diceSmooth1,
  evaluate,
  f1,
  hausdorff,
  hd,
  hd95,
  holm,
  iou,
  iouSmooth1,
  type LabelMap,
  MetricsError,
  macroF1,
  overlap,
  pairedBootstrap,
  panopticQuality,
  precision,
  recall,
  wilcoxon,
} from "./index";

const good: LabelMap = { data: new Uint8Array(6), width: 3, height: 2 };
const floats = (...values: number[]): LabelMap => ({
  data: Float64Array.from(values),
  width: values.length,
  height: 1,
});
const bad = (value: unknown) => value as LabelMap;

function thrown(run: () => unknown): MetricsError {
  try {
    run();
  } catch (error) {
    expect(MetricsError.isInstance(error), String(error)).toBe(true);
    return error as MetricsError;
  }
  throw new Error("nothing was thrown");
}

describe("every metric refuses maps it cannot compare", () => {
  const metrics = {
    aji,
    ajiPlus,
    dice,
    diceSmooth1,
    evaluate,
    f1,
    hausdorff,
    hd,
    hd95,
    iou,
    iouSmooth1,
    overlap,
    panopticQuality,
    precision,
    recall,
  };
  const pairs: [string, LabelMap, LabelMap, RegExp][] = [
    ["sizes differ", good, { ...good, width: 2, height: 3 }, /pred 3 x 2, truth 2 x 3/],
    ["too few values", { ...good, data: new Uint8Array(5) }, good, /pred\.data.*5 values for 3 x 2.*6 values/],
    ["empty", { data: new Uint8Array(0), width: 0, height: 0 }, good, /no pixels.*0 x 0/],
    ["fractional width", { ...good, width: 1.5 }, good, /1\.5 x 2/],
    ["NaN width", { ...good, width: Number.NaN }, good, /NaN x 2/],
    ["negative", floats(0, 1, -1), floats(0, 0, 0), /-1 at row 0, column 2.*ignored/],
    ["negative integer", floats(0, 0), { data: Int32Array.of(0, -7), width: 2, height: 1 }, /truth .*-7 at row 0/],
    ["fraction", floats(0, 0.5), floats(0, 0), /0\.5 at row 0, column 1/],
    ["NaN", floats(0, 0), floats(Number.NaN, 0), /truth .*NaN at row 0, column 0/],
    ["infinite", floats(0, Number.POSITIVE_INFINITY), floats(0, 0), /Infinity/],
    ["unsafe", floats(0, 2 ** 53), floats(0, 0), /9007199254740992/],
    ["plain array", bad({ ...good, data: [0, 0, 0, 0, 0, 0] }), good, /Array.*Int32Array\.from/],
    ["bigint", bad({ ...good, data: new BigInt64Array(6) }), good, /BigInt64Array/],
    ["a view", bad({ ...good, data: new DataView(new ArrayBuffer(6)) }), good, /DataView/],
    ["no truth", good, bad(undefined), /truth is not a label map.*undefined/],
    ["no pred", bad(null), good, /pred is not a label map.*null/],
    ["a number", bad(7), good, /pred is not a label map.*7/],
    ["no data", good, bad({ width: 3, height: 2 }), /truth\.data/],
  ];
  it.each(pairs)("%s", (_, pred, truth, message) => {
    for (const [name, metric] of Object.entries(metrics)) {
      const error = thrown(() => metric(pred, truth));
      expect(error.message).toMatch(message);
      expect(error.message.startsWith(`[${name}] `)).toBe(true);
      expect(error.message).toMatch(/Got .*\. Expected .*\./);
    }
  });
});

describe("options", () => {
  it.each([
    [() => dice(good, good, { emptyRule: "zero" as never }), /\[dice\] emptyRule is unknown. Got "zero"/],
    [() => evaluate(good, good, { emptyRule: null as never }), /\[evaluate\] emptyRule is unknown. Got null/],
    [() => hausdorff(good, good, { percentile: 101 }), /\[hausdorff\].*101/],
    [() => hausdorff(good, good, { percentile: Number.NaN }), /\[hausdorff\].*NaN/],
    [() => panopticQuality(good, good, { matchIou: 0.4 }), /\[panopticQuality\].*0\.4/],
    [() => panopticQuality(good, good, { matchIou: 1 }), /\[panopticQuality\].*Got 1\./],
    [() => connectedComponents(good, 6 as never), /\[connectedComponents\].*6.*4 or 8/],
    [() => connectedComponents({ ...good, width: 4 }, 4), /\[connectedComponents\].*6 values for 4 x 2/],
    [() => connectedComponents(floats(0, Number.NaN), 4), /\[connectedComponents\].*NaN at row 0, column 1/],
    [() => macroF1([]), /\[macroF1\]/],
    [() => aggregate([]), /\[aggregate\]/],
    [() => wilcoxon([1], [1, 2]), /\[wilcoxon\].*1 and 2 values/],
    [() => wilcoxon([], []), /\[wilcoxon\].*0 pairs/],
    [() => wilcoxon([1, Number.NaN], [1, 2]), /\[wilcoxon\].*NaN and 2 at 1/],
    [() => wilcoxon([1], [2], { zeros: "drop" as never }), /zeros is unknown. Got "drop"/],
    [() => wilcoxon([1], [2], { alternative: "both" as never }), /alternative is unknown/],
    [() => wilcoxon([1], [2], { method: "approx" as never }), /method is unknown/],
    [() => wilcoxon(new Float64Array(51).fill(1), new Float64Array(51), { method: "exact" }), /51.*at most 50/],
    [() => pairedBootstrap([], []), /\[pairedBootstrap\]/],
    [() => pairedBootstrap([1], [2], { resamples: 0 }), /resamples.*Got 0\./],
    [() => pairedBootstrap([1], [2], { confidence: 95 }), /confidence.*95/],
    [() => pairedBootstrap([1], [2], { seed: -1 }), /seed.*-1/],
    [() => pairedBootstrap([1], [Number.POSITIVE_INFINITY]), /Infinity/],
    [() => holm([0.1, 1.5]), /\[holm\].*1\.5/],
    [() => compareRuns([], []), /\[compareRuns\].*0 and 0 images/],
    [() => compareRuns([evaluate(good, good)], []), /\[compareRuns\].*1 and 0 images/],
  ])("%#", (run, message) => {
    expect(thrown(run).message).toMatch(message);
  });

  it("names both images when runs do not line up", () => {
    const row = evaluate(good, good);
    const run = () => compareRuns([{ ...row, image: "a.png" }], [{ ...row, image: "b.png" }]);
    expect(thrown(run).message).toMatch(/image 0 is "a.png" in a and "b.png" in b/);
    expect(thrown(() => compareRuns([row], [row], { metrics: ["dsk" as never] })).message).toMatch(/"dsk"/);
  });
});

it("MetricsError is recognised without instanceof", () => {
  const copy = Object.assign(new Error("x"), { [Symbol.for("@ama-sam/metrics/MetricsError")]: true });
  expect(MetricsError.isInstance(copy)).toBe(true);
  for (const other of [new Error("x"), null, undefined, "MetricsError", {}])
    expect(MetricsError.isInstance(other)).toBe(false);
  expect(thrown(() => holm([2]))).toBeInstanceOf(Error);
  expect(thrown(() => holm([2])).name).toBe("MetricsError");
});
