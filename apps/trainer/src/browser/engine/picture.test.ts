import { encodePng } from "@ama-sam/data";
import { describe, expect, it } from "vitest";
// @boundaries-ignore a PNG, as the decoder's own tests build it
import { buildPng } from "../../../../../packages/data/src/decode/fixtures/png-builder";
import { openPicture, recolored } from "./picture";

const gray = (values: number[]) => ({
  name: "x.png",
  width: values.length,
  height: 1,
  rgb: Uint8Array.from(values.flatMap((v) => [v, v, v])),
  micronsPerPixel: null,
  warnings: [],
});

describe("opening a picture", () => {
  it("gives 8-bit RGB and says what was done", async () => {
    const png = encodePng({ width: 1, height: 1, channels: 1, bitDepth: 16, data: new Uint16Array([65_535]) });
    const { rgb, warnings } = await openPicture(new Blob([png as Uint8Array<ArrayBuffer>]), "x.png");
    expect([...rgb]).toEqual([255, 255, 255]);
    expect(warnings.length).toBe(2);
  });

  it("refuses what a page has no memory for in its own words", async () => {
    const png = buildPng({
      width: 10_000,
      height: 10_000,
      depth: 8,
      colorType: 2,
      samples: [],
      idat: new Uint8Array(1),
    });
    await expect(openPicture(new Blob([png as Uint8Array<ArrayBuffer>]), "huge.png")).rejects.toMatchObject({
      trouble: "input",
      message: expect.stringMatching(/huge\.png has 10000 x 10000 pixels/),
    });
  });
});

describe("recolored", () => {
  it("makes the ground light, the brightest purple, and keeps the order between", () => {
    const values = [
      ...new Array<number>(60).fill(5),
      ...new Array<number>(30).fill(50),
      ...new Array<number>(10).fill(105),
    ];
    const image = gray(values);
    const { rgb } = recolored(image);
    expect([...rgb.subarray(0, 3)]).toEqual([205, 205, 215]);
    expect([...rgb.subarray(-3)]).toEqual([90, 40, 140]);
    expect([...rgb.subarray(3 * 70, 3 * 70 + 3)]).toEqual([153, 131, 181]); // 0.45 of the way
    expect(image.rgb[0]).toBe(5);
  });

  it("survives an image of one value", () => {
    expect(new Set(recolored(gray([7, 7, 7])).rgb)).toEqual(new Set([205, 215]));
  });
});
