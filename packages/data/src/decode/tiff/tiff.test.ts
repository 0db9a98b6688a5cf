import fc from "fast-check";
import { decode as decodeWithTiff } from "tiff";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors";
import { seeded } from "../fixtures/bytes";
import { measureAllocations } from "../fixtures/hostile";
import { buildTiff, encodeLzw, type TiffSpec } from "../fixtures/tiff-builder";
import { lzwDecoder } from "./codecs";
import { decodeTiff } from "./tiff";

/** Samples with runs and noise, so that every scheme has something to pack. */
function samples(length: number, bits: number, seed = 1): number[] {
  const random = seeded(seed);
  const out: number[] = [];
  while (out.length < length) {
    const value = bits === 32 ? random() : random() % 2 ** bits;
    for (let n = random() % 4 === 0 ? random() % 20 : 1; n > 0 && out.length < length; n--) out.push(value);
  }
  return out;
}

function expectCode(run: () => unknown, code: string): string {
  try {
    run();
  } catch (error) {
    if (!DecodeError.isInstance(error)) throw error;
    expect(error.code, error.message).toBe(code);
    return error.message;
  }
  throw new Error(`nothing was thrown, expected ${code}`);
}

/** Overwrites the first value of a SHORT tag in a little-endian file. */
function setShort(bytes: Uint8Array, tag: number, value: number): void {
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    const at = directory + 2 + 12 * i;
    if (view.getUint16(at, true) === tag) view.setUint16(at + 8, value, true);
  }
}

const base: TiffSpec = { width: 13, height: 11, channels: 3, bits: 8, data: samples(13 * 11 * 3, 8) };

describe("decodeTiff", () => {
  const grid = (["none", "lzw", "packbits", "deflate"] as const).flatMap((compression) =>
    [true, false].flatMap((littleEndian) =>
      [true, false].flatMap((predictor) =>
        [true, false].flatMap((planar) =>
          ([8, 16, 32] as const).map((bits) => ({ compression, littleEndian, predictor, planar, bits })),
        ),
      ),
    ),
  );
  it.each(grid.filter((g) => !g.predictor || g.compression === "lzw" || g.compression === "deflate"))(
    "$compression, little-endian $littleEndian, predictor $predictor, planar $planar, $bits bits: strips and tiles",
    ({ bits, ...rest }) => {
      for (const channels of [1, 2, 3, 4]) {
        const data = samples(13 * 11 * channels, bits, channels);
        for (const pieces of [
          {},
          { rowsPerStrip: 4 },
          { tile: [16, 16] as [number, number] },
          { tile: [5, 3] as [number, number] },
        ]) {
          const raster = decodeTiff(buildTiff({ ...base, ...rest, ...pieces, bits, channels, data }));
          expect([raster.width, raster.height, raster.channels, raster.bitDepth]).toEqual([13, 11, channels, bits]);
          expect([...raster.data]).toEqual(data);
        }
      }
    },
  );

  it.each([
    { compression: "none", littleEndian: true },
    { compression: "none", littleEndian: false },
    { compression: "lzw", littleEndian: true },
    { compression: "deflate", littleEndian: false },
  ] as const)("agrees with the tiff package: $compression, little-endian $littleEndian", (spec) => {
    for (const predictor of spec.compression === "none" ? [false] : [false, true]) {
      const bytes = buildTiff({ ...base, ...spec, predictor, rowsPerStrip: 2 });
      expect([...decodeTiff(bytes).data]).toEqual([...(decodeWithTiff(bytes)[0]!.data as Uint8Array)]);
    }
  });

  it("LZW: tables that fill up and start again, any content", () => {
    const noise = samples(60_000, 8, 7).map((v) => v & 3);
    const out = new Uint8Array(noise.length);
    lzwDecoder()({ fn: "test" }, encodeLzw(noise), out);
    expect(Buffer.compare(out, Uint8Array.from(noise))).toBe(0);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3000 }), (bytes) => {
        const plain = new Uint8Array(bytes.length);
        lzwDecoder()({ fn: "test" }, encodeLzw(bytes), plain);
        expect(plain).toEqual(Uint8Array.from(bytes));
      }),
      { numRuns: 50, seed: 4 },
    );
  });

  it("reads bilevel and 4-bit grey, white is zero and palettes", () => {
    const bits = samples(13 * 11, 1);
    const mask = { ...base, channels: 1, bits: 1 as const, data: bits };
    expect([...decodeTiff(buildTiff(mask)).data]).toEqual(bits.map((v) => v * 255));
    expect([...decodeTiff(buildTiff({ ...mask, photometric: 0 })).data]).toEqual(bits.map((v) => 255 - v * 255));
    const nibbles = samples(13 * 11, 4);
    const four = buildTiff({ ...base, channels: 1, bits: 4, data: nibbles, compression: "packbits" });
    expect([...decodeTiff(four).data]).toEqual(nibbles.map((v) => v * 17));
    const colorMap = Array.from({ length: 48 }, (_, i) => i * 256 + 7);
    const palette = buildTiff({ ...base, channels: 1, bits: 4, data: nibbles, photometric: 3, colorMap });
    expect([...decodeTiff(palette).data]).toEqual(nibbles.flatMap((v) => [v, 16 + v, 32 + v]));
    expect([...decodeTiff(palette, { palette: "index" }).data]).toEqual(nibbles);
    const wide = { ...base, channels: 1, bits: 16 as const, data: [...samples(143, 16)], photometric: 0 };
    expect([...decodeTiff(buildTiff(wide)).data]).toEqual(wide.data.map((v) => 65_535 - v));
  });

  it("reads label maps saved as float or signed, and refuses fractions and negatives", () => {
    const labels = samples(143, 16);
    const float = { ...base, channels: 1, bits: 32 as const, sampleFormat: 3, data: labels };
    expect([...decodeTiff(buildTiff(float)).data]).toEqual(labels);
    expectCode(() => decodeTiff(buildTiff({ ...float, data: labels.map((v) => v + 0.5) })), "unsupported");
    expectCode(() => decodeTiff(buildTiff({ ...float, data: labels.map(() => Number.NaN) })), "unsupported");
    const signed = { ...base, channels: 1, bits: 16 as const, sampleFormat: 2, data: labels.map((v) => v >> 1) };
    expect([...decodeTiff(buildTiff(signed)).data]).toEqual(signed.data);
    expectCode(() => decodeTiff(buildTiff({ ...signed, data: labels.map(() => 40_000) })), "unsupported");
  });

  it("states the pixel size only where the file does, and not a screen's", () => {
    const mpp = (spec: Partial<TiffSpec>) => decodeTiff(buildTiff({ ...base, ...spec })).micronsPerPixel;
    expect(mpp({})).toBeUndefined();
    expect(mpp({ resolution: { x: [40_000, 1], unit: 3 } })).toBeCloseTo(0.25, 12);
    expect(mpp({ resolution: { x: [101_600, 1], unit: 2 } })).toBeCloseTo(0.25, 12);
    expect(mpp({ resolution: { x: [72, 1], unit: 2 } })).toBeUndefined();
    expect(mpp({ resolution: { x: [40_000, 1], unit: 1 } })).toBeUndefined();
    expect(mpp({ resolution: { x: [40_000, 0], unit: 3 } })).toBeUndefined();
    expect(mpp({ resolution: { x: [40_000, 1], y: [20_000, 1], unit: 3 } })).toBeUndefined();
    const imageJ = (unit: string) => ({
      resolution: { x: [4, 1] as [number, number], unit: 1 },
      description: `ImageJ=1.53\nunit=${unit}\n`,
    });
    for (const unit of ["micron", "um", "µm", "\\u00B5m"]) expect(mpp(imageJ(unit)), unit).toBe(0.25);
    expect(mpp(imageJ("pixel"))).toBeUndefined();
    expect(mpp({ description: "Aperio Image Library|AppMag = 40|MPP = 0.2525|x" })).toBe(0.2525);
    expect(mpp({ description: '<OME><Pixels PhysicalSizeX="252.5" PhysicalSizeXUnit="nm"/></OME>' })).toBeCloseTo(
      0.2525,
      12,
    );
    expect(mpp({ description: '<OME><Pixels PhysicalSizeX="0.5"/></OME>' })).toBe(0.5);
  });

  it("refuses what it cannot read, saying what it is", () => {
    const patch = (tag: number, value: number) => {
      const bytes = buildTiff(base);
      setShort(bytes, tag, value);
      return bytes;
    };
    expect(expectCode(() => decodeTiff(patch(259, 7)), "unsupported")).toMatch(/JPEG \(7\).*Expected none, LZW/);
    expectCode(() => decodeTiff(patch(262, 6)), "unsupported");
    expectCode(() => decodeTiff(patch(284, 3)), "corrupt");
    expectCode(() => decodeTiff(patch(256, 0)), "corrupt");
    expectCode(() => decodeTiff(patch(257, 12)), "corrupt");
    const big = Uint8Array.of(0x49, 0x49, 43, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0);
    expect(expectCode(() => decodeTiff(big), "unsupported")).toMatch(/BigTIFF/);
    expectCode(() => decodeTiff(Uint8Array.of(1, 2, 3)), "not-an-image");
    expect(expectCode(() => decodeTiff(buildTiff(base), { maxPixels: 142, name: "a.tif" }), "too-large")).toBe(
      "[decodeTiff] the image is too large in a.tif. Got 13 x 11 pixels. Expected at most 142 pixels. " +
        "Raise maxPixels if the file is meant to be this large.",
    );
    expectCode(() => decodeTiff(buildTiff(base), { maxBytes: 428 }), "too-large");
  });

  it("refuses loops of directories and claims that the file cannot hold, before allocating", () => {
    const plain = buildTiff(base);
    const own = new DataView(plain.buffer).getUint32(4, true);
    expect(expectCode(() => decodeTiff(buildTiff({ ...base, nextDirectory: own })), "corrupt")).toMatch(/loop/);
    expectCode(() => decodeTiff(buildTiff({ ...base, nextDirectory: 1_000_000 })), "truncated");
    for (const compression of ["none", "lzw", "packbits", "deflate"] as const) {
      const bytes = buildTiff({ ...base, compression });
      // Same bytes, but 9000 x 9000 pixels in one strip.
      for (const tag of [256, 257, 278]) setShort(bytes, tag, 9000);
      const { bytes: allocated } = measureAllocations(() => expectCode(() => decodeTiff(bytes), "truncated"));
      expect(allocated).toBeLessThan(10_000);
    }
    // One strip's bytes listed for every row: little file, much work.
    const shared = buildTiff({
      ...base,
      width: 300,
      height: 200,
      data: samples(180_000, 8),
      rowsPerStrip: 1,
      compression: "none",
    });
    expect([...decodeTiff(shared).data.subarray(0, 9)]).toEqual(samples(180_000, 8).slice(0, 9));
    const view = new DataView(shared.buffer);
    const directory = view.getUint32(4, true);
    for (let i = 0; i < view.getUint16(directory, true); i++) {
      const at = directory + 2 + 12 * i;
      const tag = view.getUint16(at, true);
      if (tag !== 273 && tag !== 279) continue;
      for (let k = 0; k < 200; k++)
        view.setUint32(view.getUint32(at + 8, true) + 4 * k, tag === 273 ? 8 : 150_000, true);
    }
    expect(expectCode(() => decodeTiff(shared), "corrupt")).toMatch(/overlap/);
    const tiled = buildTiff({ ...base, tile: [16, 16], compression: "deflate" });
    for (const tag of [322, 323]) setShort(tiled, tag, 65_535);
    expectCode(() => decodeTiff(tiled), "too-large");
  });
});
