import { encodePng } from "@ama-sam/data";
import { describe, expect, it } from "vitest";
// @boundaries-ignore a PNG, as the decoder's own tests build it
import { buildPng } from "../../../../../packages/data/src/decode/fixtures/png-builder";
import { openPicture } from "./picture";

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
