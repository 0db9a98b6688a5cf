import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "./errors";
import { createSampler, type MixingPolicy, type SamplerOptions } from "./sampler";

const policies: MixingPolicy[] = ["proportional", "balanced", { ratio: [1, 1] }, { ratio: [1, 3] }, { ratio: [5, 1] }];

const anyOptions: fc.Arbitrary<SamplerOptions> = fc.record({
  primary: fc.integer({ min: 1, max: 40 }),
  auxiliary: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  seed: fc.nat(),
  policy: fc.constantFrom(...policies),
});

const epochRefs = (options: SamplerOptions, epoch: number) => {
  const sampler = createSampler(options);
  return Array.from({ length: sampler.stepsPerEpoch }, (_, step) => sampler.batch(epoch, step));
};

describe("createSampler", () => {
  it("every batch is full and mixes primary and auxiliary; draws are numbered; items exist", () => {
    fc.assert(
      fc.property(anyOptions, fc.nat({ max: 5 }), (options, epoch) => {
        const sizes = [options.primary, ...(options.auxiliary ?? [])];
        const batches = epochRefs(options, epoch);
        for (const batch of batches) {
          expect(batch).toHaveLength(options.batchSize);
          for (const ref of batch) expect(ref.item).toBeLessThan(sizes[ref.dataset]!);
          if (sizes.length > 1 && options.batchSize >= 2) {
            expect(batch.some((ref) => ref.dataset === 0)).toBe(true);
            expect(batch.some((ref) => ref.dataset > 0)).toBe(true);
          }
        }
        expect(batches.flat().map((ref) => ref.draw)).toEqual(
          Array.from({ length: batches.length * options.batchSize }, (_, i) => i),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("covers: every primary image in every epoch; with proportional every image of every set", () => {
    fc.assert(
      fc.property(anyOptions, fc.nat({ max: 5 }), (options, epoch) => {
        const seen = new Set(
          epochRefs(options, epoch)
            .flat()
            .map((ref) => `${ref.dataset}:${ref.item}`),
        );
        const sizes = [options.primary, ...(options.auxiliary ?? [])];
        sizes.forEach((size, dataset) => {
          if (dataset > 0 && options.policy !== "proportional") return;
          for (let item = 0; item < size; item++) expect(seen.has(`${dataset}:${item}`)).toBe(true);
        });
      }),
      { numRuns: 150 },
    );
  });

  it("repeats no image before its set is used up", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const first = new Map<number, number[]>();
        for (const ref of epochRefs(options, 0).flat())
          first.set(ref.dataset, [...(first.get(ref.dataset) ?? []), ref.item]);
        [options.primary, ...(options.auxiliary ?? [])].forEach((size, dataset) => {
          const start = (first.get(dataset) ?? []).slice(0, size);
          expect(new Set(start).size).toBe(start.length);
        });
      }),
      { numRuns: 100 },
    );
  });

  it("auxiliary sets larger than their share go on in the next epoch: all images come before one repeats", () => {
    const options: SamplerOptions = { primary: 4, auxiliary: [40], batchSize: 4, policy: "balanced", seed: 5 };
    const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((epoch) =>
      epochRefs(options, epoch)
        .flat()
        .filter((ref) => ref.dataset === 1)
        .map((ref) => ref.item),
    );
    expect(items).toHaveLength(40);
    expect(new Set(items).size).toBe(40);
  });

  it("a cursor is enough to resume, in another sampler and in any order", () => {
    const options: SamplerOptions = {
      primary: 7,
      auxiliary: [11, 3],
      batchSize: 4,
      seed: 9,
      policy: { ratio: [1, 1] },
    };
    const whole = [...createSampler(options).batches({ epoch: 0, step: 0 }, 6)];
    for (const cut of [1, 5, whole.length - 1]) {
      const { epoch, step } = whole[cut]!;
      expect([...createSampler(options).batches({ epoch, step }, 6)]).toEqual(whole.slice(cut));
    }
    const backwards = createSampler(options);
    for (const { epoch, step, refs } of [...whole].reverse()) expect(backwards.batch(epoch, step)).toEqual(refs);
  });

  it("orders differ between epochs and seeds", () => {
    const options: SamplerOptions = { primary: 30, auxiliary: [30], batchSize: 6, seed: 1 };
    expect(epochRefs(options, 0)).not.toEqual(epochRefs(options, 1));
    expect(epochRefs(options, 0)).not.toEqual(epochRefs({ ...options, seed: 2 }, 0));
  });

  it("shares follow the policy", () => {
    const share = (policy: MixingPolicy, batchSize = 8) => {
      const refs = epochRefs({ primary: 60, auxiliary: [30, 30], batchSize, policy }, 0).flat();
      return [0, 1, 2].map((dataset) => refs.filter((ref) => ref.dataset === dataset).length / refs.length);
    };
    const near = (values: number[]) => values.map((value) => expect.closeTo(value, 1));
    expect(share("proportional")).toEqual(near([0.5, 0.25, 0.25]));
    expect(share("balanced")).toEqual(near([1 / 3, 1 / 3, 1 / 3]));
    expect(share({ ratio: [1, 3] })).toEqual(near([0.25, 0.375, 0.375]));
    expect(share({ ratio: [3, 1] }, 4)).toEqual(near([0.75, 0.125, 0.125]));
  });

  it("a tiny primary set is still in every batch", () => {
    const batches = epochRefs({ primary: 1, auxiliary: [50], batchSize: 4 }, 0);
    expect(batches).toHaveLength(17);
    for (const batch of batches) expect(batch.filter((ref) => ref.dataset === 0)).toHaveLength(1);
  });

  it("refuses what makes no sense", () => {
    for (const options of [
      { primary: 0, batchSize: 2 },
      { primary: 2, auxiliary: [0], batchSize: 2 },
      { primary: 2, batchSize: 1.5 },
      { primary: 2, auxiliary: [2], batchSize: 2, policy: { ratio: [0, 1] } as const },
    ]) {
      expect(() => createSampler(options)).toThrow(DataError);
    }
    expect(() => createSampler({ primary: 2, batchSize: 2 }).batch(0, 1)).toThrow(/step 0 .. 0/);
  });
});
