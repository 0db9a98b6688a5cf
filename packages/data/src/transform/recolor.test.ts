import { describe, expect, it } from "vitest";
import { recolorAsStained } from "./recolor";

const gray = (values: readonly number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));

describe("recolorAsStained", () => {
  it("makes the ground light, the brightest purple, and keeps the order between", () => {
    const values = [
      ...new Array<number>(60).fill(5),
      ...new Array<number>(30).fill(50),
      ...new Array<number>(10).fill(105),
    ];
    const image = gray(values);
    const rgb = recolorAsStained(image);
    expect([...rgb.subarray(0, 3)]).toEqual([205, 205, 215]);
    expect([...rgb.subarray(-3)]).toEqual([90, 40, 140]);
    expect([...rgb.subarray(3 * 70, 3 * 70 + 3)]).toEqual([153, 131, 181]); // 0.45 of the way
    expect(image[0]).toBe(5);
  });

  it("survives an image of one value, and one without pixels", () => {
    expect(new Set(recolorAsStained(gray([7, 7, 7])))).toEqual(new Set([205, 215]));
    expect(recolorAsStained(new Uint8Array(0))).toHaveLength(0);
  });
});
