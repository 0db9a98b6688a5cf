import { describe, expect, it } from "vitest";
import { imagePng, labelPng, twoTouching } from "../test-support/trees";
import { openDataset } from "./datasets/open-dataset";
import { createSampleLoader } from "./sample-loader";
import { memorySource } from "./source/file-source";
import { defaultAugmentation } from "./transform/augmentation";
import { makeTrainingSample } from "./transform/training-sample";

async function threeItems() {
  const files: Record<string, Uint8Array> = {};
  for (const name of ["a", "b", "c"]) {
    files[`images/${name}.png`] = imagePng(4, 3, name.charCodeAt(0));
    files[`labels/${name}.png`] = labelPng(twoTouching);
  }
  const loads: string[] = [];
  const { items } = await openDataset(memorySource(files));
  return {
    loads,
    items: items.map((item) => ({
      ...item,
      load: () => {
        loads.push(item.id);
        return item.load();
      },
    })),
  };
}

/** Bytes of one decoded 4 x 3 sample: RGB, labels, mask. */
const sampleBytes = 12 * (3 + 4 + 1);

describe("createSampleLoader", () => {
  it("gives what makeTrainingSample gives, and decodes an image once", async () => {
    const { items, loads } = await threeItems();
    const load = createSampleLoader({ size: 8, augmentation: defaultAugmentation, seed: 5 });
    const [one, two] = await Promise.all([
      load(items[0]!, { epoch: 0, index: 3 }),
      load(items[0]!, { epoch: 1, index: 3 }),
    ]);
    expect(loads).toEqual(["a"]);
    expect(one.plan).not.toEqual(two.plan);
    const plain = makeTrainingSample(await items[0]!.load(), {
      size: 8,
      augmentation: defaultAugmentation,
      seed: 5,
      epoch: 1,
      index: 3,
    });
    expect(two).toEqual(plain);
  });

  it("keeps the most recently used within its bytes", async () => {
    const { items, loads } = await threeItems();
    const load = createSampleLoader({ size: 8, cacheBytes: 2 * sampleBytes });
    const at = { epoch: 0, index: 0 };
    for (const i of [0, 1, 0, 2, 0, 1]) await load(items[i]!, at);
    expect(loads).toEqual(["a", "b", "c", "b"]);
    const none = createSampleLoader({ size: 8, cacheBytes: 0 });
    loads.length = 0;
    await none(items[0]!, at);
    await none(items[0]!, at);
    expect(loads).toEqual(["a", "a"]);
  });

  it("does not remember a failure", async () => {
    const { items } = await threeItems();
    let fail = true;
    const flaky = { ...items[0]!, load: async () => (fail ? Promise.reject(new Error("disk")) : items[0]!.load()) };
    const load = createSampleLoader({ size: 8 });
    await expect(load(flaky, { epoch: 0, index: 0 })).rejects.toThrow("disk");
    fail = false;
    expect((await load(flaky, { epoch: 0, index: 0 })).id).toBe("a");
  });
});
