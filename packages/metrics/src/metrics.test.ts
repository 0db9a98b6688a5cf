import { describe, expect, it } from "vitest";
import {
  aji,
  ajiPlus,
  connectedComponents,
  dice,
  diceSmooth1,
  type EmptyRule,
  evaluate,
  f1,
  hausdorff,
  hd,
  hd95,
  iou,
  iouSmooth1,
  type LabelMap,
  overlap,
  type PairMetric,
  panopticQuality,
  precision,
  recall,
} from "./index";

/** Rows of digits to a label map; a dot is background. */
function map(...rows: string[]): LabelMap {
  const data = Uint8Array.from(rows.join(""), (c) => (c === "." ? 0 : Number(c)));
  return { data, width: rows[0]!.length, height: rows.length };
}

describe("by hand", () => {
  // 6 predicted, 4 true, 3 common pixels.
  const pred = map(".11.", ".11.", ".22.");
  const truth = map("....", ".33.", ".3.4");

  it("semantic", () => {
    expect(dice(pred, truth)).toBe(6 / 10);
    expect(f1(pred, truth)).toBeCloseTo(6 / 10, 15);
    expect(iou(pred, truth)).toBe(3 / 7);
    expect(precision(pred, truth)).toBe(3 / 6);
    expect(recall(pred, truth)).toBe(3 / 4);
    expect(diceSmooth1(pred, truth)).toBe(7 / 11);
    expect(iouSmooth1(pred, truth)).toBe(4 / 8);
  });

  it("instances", () => {
    // Truth 3 (3 pixels): 2 with prediction 1 (IoU 2/5), 1 with prediction 2 (1/4). Truth 4 and prediction 2 stay alone.
    expect(aji(pred, truth)).toBe(2 / (5 + 1 + 2));
    expect(panopticQuality(pred, truth)).toEqual({ dq: 0, sq: 0, pq: 0, tp: 0, fp: 2, fn: 2 });
    const match = panopticQuality(map("1112..33"), map("111.55.."));
    expect(match).toMatchObject({ tp: 1, fp: 2, fn: 1, dq: 1 / 2.5 });
    expect(match.sq).toBe(1 / (1 + 1e-6));
    expect(match.pq).toBe(match.dq * match.sq);
    expect(panopticQuality(map("1111."), map("22222"), { matchIou: 0.8 }).tp).toBe(0);
    expect(panopticQuality(map("1111."), map("22222"), { matchIou: 0.79 }).tp).toBe(1);
  });

  it("distances", () => {
    expect(hd(map("1....", "....."), map(".....", "...1."))).toBe(Math.hypot(3, 1));
    // Directed distances 0, 3, 4 (prediction to truth) and 0: the 95th percentile lies 0.9 of the way from 3 to 4.
    expect(hd95(map("1..11"), map("1...."))).toBeCloseTo(3.9, 14);
    expect(hausdorff(map("1..11"), map("1...."), { percentile: 50 })).toBe(3);
    expect(hausdorff(map("1..11"), map("1...."))).toBe(4);
    // The inside of a block is no edge: a filled and a hollow square differ only in the hole's rim.
    expect(hd(map("111", "111", "111"), map("111", "1.1", "111"))).toBe(0);
    expect(hd(map("11111", "11111", "11111", "11111", "11111"), map("11111", "11111", "11.11", "11111", "11111"))).toBe(
      1,
    );
  });

  it("AJI lets two truths share a prediction, AJI+ does not", () => {
    const [shared, two] = [map("1111"), map("2233")];
    expect(aji(shared, two)).toBe((2 + 2) / (4 + 4));
    expect(ajiPlus(shared, two)).toBe(2 / (4 + 2));
  });

  it("AJI+ gives up the best pair when the sum gains", () => {
    const truth = map("11111111112222");
    const pred = map("22221111111111");
    // 1-1 is the best pair (6/14), but 1-2 and 2-1 (4/10 each) add up to more.
    expect(ajiPlus(pred, truth)).toBe((4 + 4) / (10 + 10));
    expect(aji(pred, truth)).toBe((6 + 4) / (14 + 10 + 4));
  });
});

describe("empty images", () => {
  const none = map("...", "...");
  const some = map("11.", "...");
  const scores = { dice, iou, precision, recall, f1, aji, ajiPlus };

  it.each(Object.entries(scores))("%s", (_, score) => {
    expect(score(none, none)).toBe(1);
    expect(score(none, none, { emptyRule: "score" })).toBe(1);
    expect(score(none, none, { emptyRule: "skip" })).toBeNaN();
    for (const emptyRule of ["score", "skip"] as const) {
      expect(score(some, none, { emptyRule })).toBe(0);
      expect(score(none, some, { emptyRule })).toBe(0);
      expect(score(some, some, { emptyRule })).toBe(1);
    }
  });

  it("panopticQuality", () => {
    expect(panopticQuality(none, none)).toEqual({ dq: 1, sq: 1, pq: 1, tp: 0, fp: 0, fn: 0 });
    const skipped = panopticQuality(none, none, { emptyRule: "skip" });
    expect(skipped).toEqual({ dq: Number.NaN, sq: Number.NaN, pq: Number.NaN, tp: 0, fp: 0, fn: 0 });
    expect(panopticQuality(some, none)).toEqual({ dq: 0, sq: 0, pq: 0, tp: 0, fp: 1, fn: 0 });
  });

  it("distances: NaN without any edge, infinite with one side only", () => {
    for (const distance of [hd, hd95, hausdorff]) {
      expect(distance(none, none)).toBeNaN();
      expect(distance(some, none)).toBe(Number.POSITIVE_INFINITY);
      expect(distance(none, some)).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it("evaluate applies the rule to every score", () => {
    const rule = (emptyRule: EmptyRule) => evaluate(none, none, { emptyRule });
    expect(rule("score")).toMatchObject({ dsc: 1, iou: 1, precision: 1, recall: 1, f1: 1, aji: 1, ajiPlus: 1, pq: 1 });
    const nan = Number.NaN;
    expect(rule("skip")).toMatchObject({
      dsc: nan,
      iou: nan,
      precision: nan,
      f1: nan,
      aji: nan,
      ajiPlus: nan,
      sq: nan,
    });
  });
});

describe("call forms", () => {
  it("an overlap in place of the maps", () => {
    const [pred, truth] = [map("11.2"), map("1.22")];
    const pair = overlap(pred, truth);
    const scores = [dice, iou, precision, recall, f1, hd, hd95, hausdorff, aji, ajiPlus, diceSmooth1, iouSmooth1];
    for (const score of scores as PairMetric<object, number>[]) expect(score(pair)).toBe(score(pred, truth));
    expect(hausdorff(pair, { percentile: 10 })).toBe(hausdorff(pred, truth, { percentile: 10 }));
    expect(panopticQuality(pair, { matchIou: 0.9 })).toEqual(panopticQuality(pred, truth, { matchIou: 0.9 }));
    expect(evaluate(pair)).toEqual(evaluate(pred, truth));
  });

  it("leave their inputs as they are", () => {
    const [pred, truth] = [map("11.2"), map("1.22")];
    evaluate(pred, truth);
    connectedComponents(pred, 8);
    expect([[...pred.data], [...truth.data]]).toEqual([
      [1, 1, 0, 2],
      [1, 0, 2, 2],
    ]);
  });
});

describe("connectedComponents", () => {
  it("numbers regions by their first pixel", () => {
    // The U is met twice before it joins; the dot inside comes second.
    const mask = map("1.1.1", "1...1", "11111");
    expect([...connectedComponents(mask, 4).data]).toEqual([1, 0, 2, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    const corners = map("1.1", ".1.");
    expect(connectedComponents(corners, 4).count).toBe(3);
    expect(connectedComponents(corners, 8).count).toBe(1);
  });

  it("takes any ids as one foreground, and a checkerboard", () => {
    expect(connectedComponents(map("1239"), 4).count).toBe(1);
    const board = { data: Uint8Array.from({ length: 49 }, (_, i) => (i + 1) % 2), width: 7, height: 7 };
    expect(connectedComponents(board, 4).count).toBe(25);
    expect(connectedComponents(board, 8).count).toBe(1);
    expect(connectedComponents(map("..."), 8)).toMatchObject({ count: 0, width: 3, height: 1 });
  });
});
