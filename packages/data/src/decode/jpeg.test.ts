import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { DecodeError } from "./errors";
import { measureAllocations } from "./fixtures/hostile";
import { decodeJpeg } from "./jpeg";

/** A smooth RGBA image, which JPEG keeps within a few levels. */
function smooth(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++)
    data.set([60 + (i % width) * 3, 180 - Math.floor(i / width) * 2, 90, 255], 4 * i);
  return data;
}
const jpeg = (width: number, height: number) =>
  new Uint8Array(encode({ width, height, data: smooth(width, height) }, 95).data);
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error.code;
    throw error;
  }
  return "none";
}
const frameAt = (bytes: Uint8Array) => bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);

describe("decodeJpeg", () => {
  it("decodes to RGB close to the original", () => {
    for (const [width, height] of [
      [40, 24],
      [17, 9],
      [1, 1],
    ] as const) {
      const raster = decodeJpeg(jpeg(width, height));
      expect([raster.width, raster.height, raster.channels, raster.bitDepth]).toEqual([width, height, 3, 8]);
      const original = smooth(width, height);
      let worst = 0;
      for (let i = 0; i < width * height * 3; i++) {
        worst = Math.max(worst, Math.abs(raster.data[i]! - original[Math.floor(i / 3) * 4 + (i % 3)]!));
      }
      expect(worst).toBeLessThan(8);
    }
  });

  it("refuses sizes that the data cannot hold, and those over the limit, before decoding", () => {
    const claim = (width: number, height: number) => {
      const bytes = jpeg(16, 16);
      const at = frameAt(bytes);
      new DataView(bytes.buffer, bytes.byteOffset).setUint16(at + 5, height);
      new DataView(bytes.buffer, bytes.byteOffset).setUint16(at + 7, width);
      return bytes;
    };
    for (const [width, height, code] of [
      [65_000, 65_000, "truncated"],
      [9000, 9000, "truncated"],
      [0, 5, "corrupt"],
    ] as const) {
      const bytes = claim(width, height);
      const { result, bytes: allocated } = measureAllocations(() => codeOf(() => decodeJpeg(bytes)));
      expect([result, allocated]).toEqual([code, 0]);
    }
    expect(codeOf(() => decodeJpeg(jpeg(16, 16), { maxPixels: 255 }))).toBe("too-large");
  });

  it("refuses other variants by name", () => {
    const bytes = jpeg(16, 16);
    const at = frameAt(bytes);
    bytes[at + 1] = 0xc3;
    expect(() => decodeJpeg(bytes)).toThrow(/lossless/);
    bytes[at + 1] = 0xc0;
    bytes[at + 4] = 12;
    expect(() => decodeJpeg(bytes)).toThrow(/12 bits/);
    expect(codeOf(() => decodeJpeg(Uint8Array.of(1, 2, 3)))).toBe("not-an-image");
  });
});
