import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masks } from "../test-support/brute-force";
import { cocoAnnotations } from "./coco-annotations";
import { type CocoRle, decodeCocoRle, encodeCocoRle } from "./coco-rle";
import { InstancesError } from "./errors";

describe("COCO run lengths", () => {
  it("come back as the same mask, as numbers and as a string", () => {
    fc.assert(
      fc.property(masks(20), fc.boolean(), ({ data, width, height }, compress) => {
        const rle = encodeCocoRle(data, { width, height, compress });
        expect(rle.size).toEqual([height, width]);
        expect(decodeCocoRle(rle)).toEqual({ data, width, height });
      }),
      { numRuns: 400 },
    );
  });

  it("are the strings of pycocotools 2.0", () => {
    const cases: [string, string[]][] = [
      [
        "2110010O141MNO011OO10O21NO001200O001",
        ["011100001", "001010101", "111100010", "000011011", "100111111", "010100101", "111011111"],
      ],
      [
        "07200J14NL01201OM010O2132",
        ["101011011", "101101111", "110110001", "110110000", "111100110", "110100010", "110001110"],
      ],
      [
        "522OO1081I0O0OO10O001100O61I",
        ["001111111", "001100011", "011101001", "001011111", "011010110", "111101010", "101100011"],
      ],
      ["0<", ["1111", "1111", "1111"]],
      ["<", ["0000", "0000", "0000"]],
    ];
    for (const [want, rows] of cases) {
      const mask = Uint8Array.from(rows.join(""), Number);
      expect(encodeCocoRle(mask, { width: rows[0]!.length, height: rows.length }).counts).toBe(want);
    }
    // Long runs: several groups of bits, and falling differences.
    const [width, height] = [257, 300];
    const big = new Uint8Array(width * height).map((_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return x >= 3 && x < 200 && y >= 40 && y < 290 && !(y >= 100 && y < 120 && x >= 50 && x < 60) ? 1 : 0;
    });
    const text = encodeCocoRle(big, { width, height }).counts as string;
    expect(text.startsWith("\\m0j7b1000000")).toBe(true);
    expect(text.endsWith("000000Te`0")).toBe(true);
    expect(text).toContain("RJRO^3n0bLRO^3n0bL");
  });

  it("of one nucleus are those of its whole image", () => {
    fc.assert(
      fc.property(masks(9), ({ data, width, height }) => {
        for (const a of cocoAnnotations({ data: data.map((v) => v * 7), width, height }, { imageId: 3 })) {
          expect(a.segmentation).toEqual(encodeCocoRle(data, { width, height }));
          expect(a).toMatchObject({
            id: 1,
            image_id: 3,
            category_id: 1,
            iscrowd: 0,
            area: data.filter(Boolean).length,
          });
        }
      }),
      { numRuns: 300 },
    );
    const [only] = cocoAnnotations({ data: Uint8Array.of(0, 0, 0, 0, 4, 4), width: 3, height: 2 }, { imageId: 1 });
    expect(only!.bbox).toEqual([1, 1, 2, 1]);
  });

  it("are refused when broken, however they are broken, before anything large is allocated", () => {
    const bad: unknown[] = [
      {},
      { size: [2, 2] },
      { size: [2, 2], counts: [5] },
      { size: [2, 2], counts: [1.5, 2.5] },
      { size: [2, 2], counts: [-1, 5] },
      { size: [2, 2], counts: "P" },
      { size: [2, 2], counts: "é" },
      { size: [1e5, 1e5], counts: [1e10] },
      { size: [2, 2], counts: "ooooooooooooooooooooo0" },
      { size: ["2", 2], counts: [4] },
    ];
    for (const rle of bad) expect(() => decodeCocoRle(rle as CocoRle), JSON.stringify(rle)).toThrow(InstancesError);
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.integer({ min: 0, max: 9 }), (counts, side) => {
        try {
          decodeCocoRle({ size: [side, side], counts });
        } catch (error) {
          if (!InstancesError.isInstance(error)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
