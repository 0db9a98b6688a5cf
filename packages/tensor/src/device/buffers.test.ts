import { describe, expect, test } from "vitest";
import { Activity } from "./activity";
import { type Block, BufferPool } from "./buffers";

const KIB = 1024;

function pool(): { created: number[]; take: (bytes: number, tag?: string) => Block; it: BufferPool } {
  const created: number[] = [];
  const gpu = {
    limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 27 },
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer: ({ size }: { size: number }) => {
      created.push(size);
      return { size, id: created.length, destroy() {} };
    },
  } as unknown as GPUDevice;
  const it = new BufferPool(gpu, new Activity());
  return { created, it, take: (bytes, tag = "activations") => it.take(bytes, tag, "test", "x", [bytes / 4]) };
}

describe("BufferPool", () => {
  test("a freed buffer serves the next tensor of its size class", () => {
    const { created, take, it } = pool();
    it.give(take(100 * KIB));
    const again = take(100 * KIB - 4);
    expect(created).toEqual([100 * KIB]);
    expect(it.report()).toMatchObject({ liveBytes: again.bytes, pooledBytes: 0, reservedPeakBytes: 100 * KIB });
  });

  test("of several, the oldest is taken first, whatever was freed last", () => {
    const { take, it } = pool();
    const blocks = [0, 1, 2, 3].map(() => take(100 * KIB));
    const buffers = blocks.map((block) => block.buffer);
    for (const i of [2, 0, 3, 1]) it.give(blocks[i]);
    expect([0, 1, 2, 3].map(() => take(100 * KIB).buffer)).toEqual(buffers);
    expect(new Set(buffers).size).toBe(4);
  });

  test("without one, the smallest free buffer of up to twice the size does", () => {
    const { created, take, it } = pool();
    for (const block of [take(160 * KIB), take(120 * KIB), take(304 * KIB)]) it.give(block);
    const sizes = [1, 2, 3].map(() => take(100 * KIB).slot.bytes);
    expect(sizes).toEqual([120 * KIB, 160 * KIB, 100 * KIB]);
    expect(created).toEqual([160, 120, 304, 100].map((n) => n * KIB));
    // live is what the tensors asked for; the rest of their buffers counts as reserved only
    const { liveBytes, pooledBytes, reservedPeakBytes } = it.report();
    expect([liveBytes, pooledBytes, reservedPeakBytes]).toEqual([300 * KIB, 304 * KIB, 684 * KIB]);
  });

  test.each(["params", "optimiser"])("%s get a buffer of their own size", (tag) => {
    const { take, it } = pool();
    it.give(take(120 * KIB));
    expect(take(100 * KIB, tag).slot.bytes).toBe(100 * KIB);
  });

  test("a buffer comes back whole, and its bytes to the tag that they have by then", () => {
    const { take, it } = pool();
    it.give(take(120 * KIB));
    const block = take(100 * KIB);
    it.retag(block, "grads");
    expect(it.report().byTag).toEqual({ grads: 100 * KIB });
    it.give(block);
    expect(it.report()).toMatchObject({ byTag: {}, liveBytes: 0, pooledBytes: 120 * KIB, liveBuffers: 0 });
  });
});
