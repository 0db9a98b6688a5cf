import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { buildMat } from "./fixtures/mat-builder";
import { buildNpy } from "./fixtures/npy-builder";
import { buildPng } from "./fixtures/png-builder";
import { buildTiff } from "./fixtures/tiff-builder";
import { DecodeError, decodeImage, sniffFormat } from "./index";

const pixels = [1, 2, 3, 4, 5, 6];
const png = buildPng({ width: 2, height: 1, depth: 8, colorType: 2, samples: pixels });
const tiff = buildTiff({ width: 2, height: 1, channels: 3, bits: 8, data: pixels });
const jpeg = new Uint8Array(encode({ width: 2, height: 1, data: new Uint8Array(8).fill(200) }, 90).data);

describe("decodeImage", () => {
  it("tells formats by content", async () => {
    for (const bytes of [png, tiff]) expect([...(await decodeImage(bytes)).data]).toEqual(pixels);
    expect((await decodeImage(jpeg)).channels).toBe(3);
    // A view into a larger buffer, as Node's readFile gives for small files.
    const inside = new Uint8Array(png.length + 9);
    inside.set(png, 5);
    expect([...(await decodeImage(inside.subarray(5, 5 + png.length))).data]).toEqual(pixels);
  });

  it("rejects what is no image with a typed error", async () => {
    const error = await decodeImage(buildMat([]), { name: "x.png" }).catch((thrown) => thrown);
    expect(DecodeError.isInstance(error)).toBe(true);
    expect(error.code).toBe("not-an-image");
    expect(error.message).toMatch(/in x.png. Got a mat file/);
    await expect(decodeImage(new Uint8Array(0))).rejects.toThrow(/an empty file/);
  });
});

describe("sniffFormat", () => {
  it("knows every format and nothing else", () => {
    const text = (value: string) => new TextEncoder().encode(value);
    expect([png, jpeg, tiff, buildMat([]), buildNpy({ descr: "|u1", shape: [1], data: [1] })].map(sniffFormat)).toEqual(
      ["png", "jpeg", "tiff", "mat", "npy"],
    );
    expect([text(" \n<a/>"), text("\ufeff<a/>"), text("hello"), new Uint8Array(0)].map(sniffFormat)).toEqual([
      "xml",
      "xml",
      "unknown",
      "unknown",
    ]);
    expect(sniffFormat(Uint8Array.of(0x4d, 0x4d, 0, 43))).toBe("tiff");
  });
});
