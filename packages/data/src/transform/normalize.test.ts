import { describe, expect, it } from "vitest";
import { goldenCase } from "../../test-support/golden";
import { coordinateImage } from "../../test-support/trees";
import { DataError } from "../errors";
import { normalizeToPlanar, preprocess, samPixelMean, samPixelStd } from "./normalize";

describe("preprocess", () => {
  it.each(["models/preprocess_0", "models/preprocess_1"])("equals torch on %s", (id) => {
    const { attrs, tensor } = goldenCase(id);
    const input = tensor("in.image");
    const expected = tensor("out.x");
    const [height, width] = input.shape as [number, number];
    const actual = preprocess({ width, height, channels: 3, bitDepth: 8, data: input.data as Uint8Array }, attrs.size);
    expect(actual.length).toBe(expected.data.length);
    let worst = 0;
    for (let i = 0; i < actual.length; i++) {
      const allowed = expected.atol + expected.rtol * Math.abs(expected.data[i]!);
      worst = Math.max(worst, Math.abs(actual[i]! - expected.data[i]!) / allowed);
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  it("at the image's own size only normalises", () => {
    const image = coordinateImage(8, 8, 200);
    expect(preprocess(image, 8)).toEqual(normalizeToPlanar(image.data, 64));
    expect(preprocess(image, 8)[128]).toBeCloseTo((200 - samPixelMean[2]) / samPixelStd[2], 6);
  });

  it("refuses other pictures", () => {
    const grey = { width: 1, height: 1, channels: 1, bitDepth: 8, data: new Uint8Array(1) } as const;
    expect(() => preprocess(grey, 4)).toThrow(DataError);
    const short = { width: 2, height: 2, channels: 3, bitDepth: 8, data: new Uint8Array(3) } as const;
    expect(() => preprocess(short, 4)).toThrow("data and size differ. Got 3 values for 2 x 2. Expected 12.");
  });
});
