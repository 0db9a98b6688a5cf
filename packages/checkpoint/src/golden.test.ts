import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blobSource, type Checkpoint, openCheckpoint } from "./index";

const file = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../test/golden/checkpoints/${name}`, import.meta.url)));
const json = (name: string) => JSON.parse(new TextDecoder().decode(file(name)));

/** Bits, so that -0 and NaN count too. */
function bits(data: ArrayBufferView): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

async function expectSame(actual: Checkpoint, expected: Checkpoint): Promise<void> {
  expect([...actual.entries.keys()].sort()).toEqual([...expected.entries.keys()].sort());
  for (const name of expected.entries.keys()) {
    const a = await actual.read(name);
    const e = await expected.read(name);
    expect(a.shape, name).toEqual(e.shape);
    expect(a.dtype, name).toBe(e.dtype);
    expect(Buffer.from(bits(a.data)).equals(Buffer.from(bits(e.data))), name).toBe(true);
  }
}

describe("files written by torch", () => {
  it.each([
    ["tiny_sam.pth", "torch-zip"],
    ["tiny_sam_legacy.pth", "torch-legacy"],
  ])("%s equals tiny_sam.safetensors", async (name, format) => {
    const actual = await openCheckpoint(file(name));
    expect(actual.format).toBe(format);
    const expected = await openCheckpoint(file("tiny_sam.safetensors"));
    expect(expected.format).toBe("safetensors");
    expect(expected.entries.size).toBeGreaterThan(100);
    await expectSame(actual, expected);
  });

  it.each(["odd.pth", "odd_legacy.pth"])("%s: views, strides, shared storage and every type", async (name) => {
    const actual = await openCheckpoint(file(name));
    await expectSame(actual, await openCheckpoint(file("odd_expected.safetensors")));
    const short: Record<string, string> = {
      float32: "f32",
      float16: "f16",
      bfloat16: "bf16",
      float64: "f64",
      int64: "i64",
      int32: "i32",
      uint8: "u8",
      bool: "bool",
    };
    const dtypes = json("odd.json").dtypes as Record<string, string>;
    for (const [tensor, dtype] of Object.entries(dtypes)) {
      expect(actual.entries.get(tensor)?.dtype, tensor).toBe(short[dtype]);
      expect((await actual.read(tensor, { dtype: "stored" })).dtype, tensor).toBe(short[dtype]);
    }
    expect(actual.extras).toEqual({ epoch: 3, lr: 2e-4, name: "odd \u00e9", none: null, list: [1, [2, true]] });
  });

  it("reads a Blob like bytes, and into a caller's array", async () => {
    const bytes = file("odd.pth");
    const actual = await openCheckpoint(blobSource(new Blob([bytes])));
    await expectSame(actual, await openCheckpoint(bytes));
    for (const name of ["transposed", "half", "bfloat16", "double", "whole"]) {
      const { data } = await actual.read(name);
      const target = new Float32Array(data.length);
      await actual.readInto(name, target);
      expect(bits(target)).toEqual(bits(data));
    }
    await expect(actual.readInto("int64", new Float32Array(8))).rejects.toMatchObject({ code: "argument" });
    await expect(actual.readInto("whole", new Float32Array(7))).rejects.toMatchObject({ code: "argument" });
  });

  it("gives tensors memory of their own", async () => {
    const bytes = file("odd.pth");
    const before = bits(bytes);
    const actual = await openCheckpoint(bytes);
    for (const name of actual.entries.keys()) {
      const { data } = await actual.read(name, { dtype: "stored" });
      new Uint8Array(data.buffer).fill(0xff);
    }
    expect(bits(bytes)).toEqual(before);
  });

  it("takes the root that is asked for", async () => {
    const bytes = file("odd.pth");
    const whole = await openCheckpoint(bytes, { root: "" });
    expect([...whole.entries.keys()]).toContain("model.offset_view");
    const model = await openCheckpoint(bytes, { root: "model" });
    expect([...model.entries.keys()]).toContain("offset_view");
    await expect(openCheckpoint(bytes, { root: "ema" })).rejects.toThrow(/"model"/);
  });

  it("names the nearest tensor when one is not there", async () => {
    const checkpoint = await openCheckpoint(file("odd.pth"));
    await expect(checkpoint.read("transposd")).rejects.toThrow(/"transposed"/);
    await expect(checkpoint.read("__proto__")).rejects.toMatchObject({ code: "not-found" });
  });
});
