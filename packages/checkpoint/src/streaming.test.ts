import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assertManifest, detectSam, openCheckpoint } from "./index";
import { pickle, segmentSource, tensorPickle, zipSegments } from "./test-files";

const tensors = JSON.parse(
  readFileSync(new URL("../../../test/golden/checkpoints/sam_manifests.json", import.meta.url), "utf8"),
).vit_b.tensors as Record<string, number[]>;

describe("a checkpoint of ViT-B's size", () => {
  it("is read tensor by tensor, each byte once, no two tensors at a time", async () => {
    const names = Object.keys(tensors);
    const count = (name: string) => (tensors[name] as number[]).reduce((a, b) => a * b, 1);
    const data = pickle.file(
      pickle.dict(
        names.map((name, i) => [
          name,
          tensorPickle({ key: `${i}`, count: count(name), shape: tensors[name] as number[] }),
        ]),
      ),
    );
    const source = segmentSource(
      zipSegments([["sam/data.pkl", data], ...names.map((name, i) => [`sam/data/${i}`, count(name) * 4] as const)]),
    );
    expect(source.size).toBeGreaterThan(374e6);

    const checkpoint = await openCheckpoint(source);
    // Opening reads the directory and the pickle only.
    expect(source.total).toBeLessThan(300_000);
    assertManifest(new Map(Object.entries(tensors)), checkpoint.entries);
    expect(detectSam(checkpoint.entries)?.variant).toBe("vit_b");

    const largest = Math.max(...names.map((name) => count(name) * 4));
    const target = new Float32Array(largest / 4);
    const before = process.memoryUsage();
    let peak = 0;
    for (const name of names) {
      await checkpoint.readInto(name, target.subarray(0, count(name)));
      const { heapUsed, external } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
    }
    expect(source.largest).toBe(largest);
    expect(source.total).toBeLessThan(source.size + 300_000);
    // f32 tensors go straight into the caller's array: nothing else of their size is allocated.
    expect(peak).toBeLessThan(48 * 2 ** 20);
  });

  it("a source that fails, lies or shrinks is a typed error", async () => {
    const segments = zipSegments([
      ["x/data.pkl", pickle.file(pickle.dict([["w", tensorPickle({ key: "0", count: 2, shape: [2] })]]))],
      ["x/data/0", 8],
    ]);
    const good = segmentSource(segments);
    const short = await openCheckpoint({ size: good.size, read: async (at, length) => good.read(at, length) });
    await expect(short.read("w")).resolves.toMatchObject({ shape: [2] });
    const lying = {
      size: good.size,
      read: async (at: number, length: number) => good.read(at, Math.max(0, length - 1)),
    };
    await expect(openCheckpoint(lying)).rejects.toMatchObject({ code: "io" });
    const failing = { size: good.size, read: async () => Promise.reject(new Error("disk on fire")) };
    await expect(openCheckpoint(failing)).rejects.toThrow(/disk on fire/);
    for (const nothing of [
      null,
      undefined,
      7,
      "x.pth",
      {},
      { size: -1, read: () => {} },
      { size: Number.NaN, read: () => {} },
    ]) {
      await expect(openCheckpoint(nothing as never)).rejects.toMatchObject({ code: "argument" });
    }
  });
});

describe("files that are something else", () => {
  it.each([
    ["<!DOCTYPE html><html>", /web page/],
    ["\n  <html>", /web page/],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", /git lfs pull/],
    ["\x93NUMPY\x01\0", /readNpy/],
    ["\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0", /gzip/],
    ["\x80\x02}q\0.                ", /bare pickle/],
    [`${"\0".repeat(257)}ustar`, /tar archive/],
    ["", /empty file/],
    ["hello world, this is no checkpoint", /68 65 6c 6c/],
  ])("%j", async (text, message) => {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    await expect(openCheckpoint(bytes)).rejects.toThrow(message);
  });
});
