import { readdirSync, readFileSync } from "node:fs";
import { decode as fastPng } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { encodePng } from "./encode-png";
import { DecodeError } from "./errors";
import { zeroBomb } from "./fixtures/bomb";
import { seeded } from "./fixtures/bytes";
import { measureAllocations } from "./fixtures/hostile";
import { buildPng, type PngSpec } from "./fixtures/png-builder";
import { inflateStream } from "./inflate";
import { decodePng } from "./png";
import type { Raster } from "./raster";

function samples(length: number, depth: number, seed = 1): number[] {
  const random = seeded(seed);
  return Array.from({ length }, () => random() % 2 ** depth);
}
/** Length of a zlib stream's output, without keeping it. */
function inflatedBytes(stream: Uint8Array): number {
  let total = 0;
  inflateStream({ fn: "test" }, stream, (out) => {
    total += out.length;
    return true;
  });
  return total;
}
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error.code;
    throw error;
  }
  return "none";
}

const rgb: PngSpec = { width: 11, height: 9, depth: 8, colorType: 2, samples: samples(297, 8) };

describe("decodePng", () => {
  const kinds = [
    { colorType: 0, channels: 1, depths: [1, 2, 4, 8, 16] },
    { colorType: 2, channels: 3, depths: [8, 16] },
    { colorType: 4, channels: 2, depths: [8, 16] },
    { colorType: 6, channels: 4, depths: [8, 16] },
  ] as const;
  it.each(kinds)("colour type $colorType in every depth, interlaced too", ({ colorType, channels, depths }) => {
    for (const depth of depths) {
      for (const interlaced of [false, true]) {
        for (const [width, height] of [
          [11, 9],
          [1, 1],
          [3, 8],
          [8, 1],
        ] as const) {
          const values = samples(width * height * channels, depth);
          const bytes = buildPng({ width, height, depth, colorType, samples: values, interlaced });
          const raster = decodePng(bytes);
          expect([raster.width, raster.height, raster.channels, raster.bitDepth]).toEqual([
            width,
            height,
            channels,
            depth === 16 ? 16 : 8,
          ]);
          const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
          expect([...raster.data]).toEqual(values.map((value) => value * scale));
        }
      }
    }
  });

  it("gives what fast-png gives, whatever the filters", () => {
    for (const colorType of [0, 2, 4, 6] as const) {
      for (const depth of [8, 16] as const) {
        const channels = { 0: 1, 2: 3, 4: 2, 6: 4 }[colorType];
        const bytes = buildPng({
          width: 37,
          height: 23,
          depth,
          colorType,
          samples: samples(37 * 23 * channels, depth),
        });
        expect(decodePng(bytes).data).toEqual(fastPng(bytes, { checkCrc: true }).data);
      }
    }
    for (const folder of ["dsb_fluo/images", "dsb_purple_white/images", "dsb_purple_white/labels"]) {
      const at = new URL(`../../../../examples/data/${folder}/`, import.meta.url);
      const bytes = new Uint8Array(readFileSync(new URL(readdirSync(at)[0]!, at)));
      const { data, width, height, channels } = fastPng(bytes);
      const ours = decodePng(bytes);
      expect([ours.width, ours.height, ours.channels]).toEqual([width, height, channels]);
      expect(ours.data.length).toBe(data.length);
      expect(ours.data.every((value, i) => value === data[i])).toBe(true); // toEqual takes seconds for as many
    }
    const odd = zlibSync(new Uint8Array(306).fill(5, 0, 1));
    expect(() => decodePng(buildPng({ ...rgb, idat: odd }))).toThrow(/unknown filter of a line\. Got 5/);
  });

  it("looks palette colours up, with transparency and as indices", () => {
    const palette = [10, 20, 30, 40, 50, 60, 70, 80, 90];
    for (const depth of [2, 4, 8] as const) {
      const values = samples(99, 8).map((value) => value % 3);
      const spec: PngSpec = { width: 11, height: 9, depth, colorType: 3, samples: values, palette };
      expect([...decodePng(buildPng(spec)).data]).toEqual(values.flatMap((v) => palette.slice(3 * v, 3 * v + 3)));
      const clear = decodePng(buildPng({ ...spec, transparency: [0, 128] }));
      expect(clear.channels).toBe(4);
      expect([...clear.data]).toEqual(values.flatMap((v) => [...palette.slice(3 * v, 3 * v + 3), [0, 128, 255][v]!]));
      expect([...decodePng(buildPng(spec), { palette: "index" }).data]).toEqual(values);
    }
    const outside: PngSpec = { width: 1, height: 1, depth: 8, colorType: 3, samples: [3], palette };
    expect(codeOf(() => decodePng(buildPng(outside)))).toBe("corrupt");
    expect(codeOf(() => decodePng(buildPng({ ...outside, palette: undefined })))).toBe("corrupt");
  });

  it("turns a transparent colour into alpha", () => {
    const grey = buildPng({ width: 3, height: 1, depth: 2, colorType: 0, samples: [0, 1, 3], transparency: [0, 1] });
    expect([...decodePng(grey).data]).toEqual([0, 255, 85, 0, 255, 255]);
    const color = buildPng({
      width: 2,
      height: 1,
      depth: 16,
      colorType: 2,
      samples: [1, 2, 3, 1, 2, 4],
      transparency: [0, 1, 0, 2, 0, 3],
    });
    expect([...decodePng(color).data]).toEqual([1, 2, 3, 0, 1, 2, 4, 65_535]);
  });

  it("reads image data in many chunks among odd ancillary ones, and the pixel size", () => {
    const bytes = buildPng({
      ...rgb,
      idatBytes: 7,
      chunks: [
        ["iCCP", [1, 2]],
        ["tEXt", [0xff]],
        ["pHYs", [0, 0x3d, 9, 0, 0, 0x3d, 9, 0, 1]],
      ],
    });
    const raster = decodePng(bytes);
    expect([...raster.data]).toEqual([...(rgb.samples as number[])]);
    expect(raster.micronsPerPixel).toBeCloseTo(0.25, 12);
    const screen = buildPng({ ...rgb, chunks: [["pHYs", [0, 0, 0x0b, 0x13, 0, 0, 0x0b, 0x13, 1]]] });
    expect(decodePng(screen).micronsPerPixel).toBeUndefined();
  });

  it("refuses flipped bytes, cut files and wrong lengths", () => {
    const good = buildPng(rgb);
    for (let i = 8; i < good.length; i++) {
      const bad = good.slice();
      bad[i]! ^= 4;
      expect(["corrupt", "truncated", "unsupported"]).toContain(codeOf(() => decodePng(bad)));
    }
    expect(codeOf(() => decodePng(buildPng({ ...rgb, idat: zlibSync(new Uint8Array(305)) })))).toBe("truncated");
    expect(codeOf(() => decodePng(buildPng({ ...rgb, idat: zlibSync(new Uint8Array(307)) })))).toBe("corrupt");
    expect(codeOf(() => decodePng(buildPng({ ...rgb, idat: zlibSync(new Uint8Array(306).fill(9)) })))).toBe("corrupt");
    expect(codeOf(() => decodePng(buildPng({ ...rgb, chunks: [["ABCD", []]] })))).toBe("unsupported");
    expect(codeOf(() => decodePng(new Uint8Array(0)))).toBe("not-an-image");
  });

  it("refuses false sizes and bombs at once, without allocating", () => {
    const claims: [number, number, string][] = [
      [2147483647, 1, "too-large"],
      [1, 4294967295, "too-large"],
      [0, 1, "corrupt"],
      [9000, 9000, "truncated"],
    ];
    for (const [width, height, code] of claims) {
      const bytes = buildPng({ ...rgb, width, height, idat: zlibSync(new Uint8Array(9)) });
      expect(bytes.length).toBeLessThan(100);
      const start = performance.now();
      const { result, bytes: allocated } = measureAllocations(() => codeOf(() => decodePng(bytes)));
      expect([result, allocated < 1024]).toEqual([code, true]);
      expect(performance.now() - start).toBeLessThan(50);
    }
    const bomb = zeroBomb([], 400_000_000);
    expect(inflatedBytes(bomb)).toBe(400_000_000);
    const bytes = buildPng({ ...rgb, idat: bomb });
    const start = performance.now();
    const { result, bytes: allocated } = measureAllocations(() => codeOf(() => decodePng(bytes)));
    expect(result).toBe("corrupt");
    expect(performance.now() - start).toBeLessThan(500);
    expect(allocated).toBeLessThan(64 * 2 ** 20);
  });
});

describe("encodePng", () => {
  it("is undone by decodePng, for 8 and 16 bits, 1 to 4 channels", () => {
    for (const bitDepth of [8, 16] as const) {
      for (const channels of [1, 2, 3, 4]) {
        const values = samples(7 * 5 * channels, bitDepth);
        const data = bitDepth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
        const raster: Raster = { width: 7, height: 5, channels, bitDepth, data };
        const bytes = encodePng(raster);
        expect(decodePng(bytes)).toEqual(raster);
        expect(fastPng(bytes, { checkCrc: true }).data).toEqual(data);
      }
    }
  });

  it("refuses what a PNG cannot hold", () => {
    const raster: Raster = { width: 1, height: 1, channels: 1, bitDepth: 32, data: new Uint32Array(1) };
    expect(() => encodePng(raster)).toThrow(/\[encodePng\].*32 bits/);
    expect(() => encodePng({ ...raster, bitDepth: 8, data: new Uint8Array(2) })).toThrow(TypeError);
  });
});
