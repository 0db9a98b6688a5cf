import { describe, expect, it } from "vitest";
import { bfloat16ToFloat32, halfToFloat32 } from "./dtype";

describe("16-bit floats", () => {
  it("all 65,536 halves, by the definition of binary16", () => {
    const source = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const actual = new Float32Array(65536);
    halfToFloat32(source, actual);
    source.forEach((h, i) => {
      const sign = h >> 15 ? -1 : 1;
      const exponent = (h >> 10) & 31;
      const fraction = (h & 1023) / 1024;
      const value =
        exponent === 31
          ? fraction === 0
            ? sign * Number.POSITIVE_INFINITY
            : Number.NaN
          : exponent === 0
            ? sign * fraction * 2 ** -14
            : sign * (1 + fraction) * 2 ** (exponent - 15);
      if (!Object.is(actual[i], value)) expect([h, actual[i]]).toEqual([h, value]);
    });
  });

  it("bfloat16 is the upper half of a float", () => {
    const source = Uint16Array.of(0x3f80, 0xc000, 0x0000, 0x8000, 0x7f80, 0x7fc0, 0x3eab);
    const actual = new Float32Array(7);
    bfloat16ToFloat32(source, actual);
    expect([...actual]).toEqual([1, -2, 0, -0, Number.POSITIVE_INFINITY, Number.NaN, 0.333984375]);
  });
});
