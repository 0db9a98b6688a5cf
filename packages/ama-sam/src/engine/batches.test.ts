import type { DatasetItem, SampleLoader } from "@ama-sam/data";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../schema/resolve";
import { orderedBatches } from "./batches";

const item = (id: string) => ({ id, imagePath: id, annotation: null }) as unknown as DatasetItem;
const primary = { name: "p", items: [item("0"), item("1")] };
const auxiliary = [{ name: "a", items: [item("0")] }];
/** A sample whose one pixel says which augmentation it had. */
const load: SampleLoader = async ({ id }, { epoch, index }) => ({
  id,
  image: Float32Array.of(epoch, index, Number(id)),
  mask: Uint8Array.of(0),
  labels: Uint32Array.of(0),
  size: 1,
  plan: {} as never,
});
const batches = [
  ["a/0", "p/1"],
  ["p/0", "a/0"],
  ["p/1", "p/0"],
];

describe("orderedBatches", () => {
  it("gives the named images in their order, and begins again", async () => {
    const source = orderedBatches({ primary, auxiliary, order: { stepsPerEpoch: 2, batches }, load });
    expect(source).toMatchObject({ stepsPerEpoch: 2, images: { primary: 2, auxiliary: 1 } });
    expect(await source.batch(0, 1)).toEqual({
      images: Float32Array.of(0, 2, 0, 0, 3, 0),
      masks: new Float32Array(2),
      size: 1,
      isPrimary: Int32Array.of(1, 0),
      ids: ["p/0", "a/0"],
    });
    expect((await source.batch(1, 0)).ids).toEqual(["p/1", "p/0"]);
    expect((await source.batch(1, 1)).ids).toEqual(["a/0", "p/1"]);
  });

  it("names what is no training image", () => {
    const of = (names: string[][]) => () =>
      orderedBatches({ primary, auxiliary, order: { stepsPerEpoch: 1, batches: names }, load });
    expect(of([["p/0", "p/9"]])).toThrow(/Got p\/9\. Expected names of training images, such as p\/0/);
    expect(of([])).toThrow(/no batch/);
  });

  it("is asked for by data.sampler.order", () => {
    expect(resolveConfig({ data: { sampler: { order: "o.json" } } }).data.sampler).toEqual({ order: "o.json" });
    expect(() => resolveConfig({ data: { sampler: { order: "o.json", ratio: [1, 1] } as never } })).toThrow(/sampler/);
  });
});
