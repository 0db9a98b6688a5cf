import { describe, expect, it } from "vitest";
import { changeColor } from "./color";
import { changeStain } from "./stain";

const rgb = () => Float32Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % 255));
const close = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe("changeStain", () => {
  it("without change gives the same picture", () => {
    const picture = rgb();
    changeStain(picture, { scale: [1, 1, 1], shift: [0, 0, 0] });
    expect(close(picture, rgb())).toBeLessThan(0.01);
  });

  it("doubling every stain squares the transmission", () => {
    const picture = rgb();
    changeStain(picture, { scale: [2, 2, 2], shift: [0, 0, 0] });
    expect(
      close(
        picture,
        rgb().map((value) => 255 * (value / 255) ** 2),
      ),
    ).toBeLessThan(0.01);
  });

  it("more haematoxylin darkens red most, as its pure stain does", () => {
    const white = Float32Array.from([255, 255, 255]);
    changeStain(white, { scale: [1, 1, 1], shift: [0.5, 0, 0] });
    expect([...white].map((value) => -Math.log(value / 255))).toEqual([
      expect.closeTo(0.325, 4),
      expect.closeTo(0.35, 4),
      expect.closeTo(0.145, 4),
    ]);
  });

  it("black and white stay finite and in range", () => {
    const picture = Float32Array.from([0, 0, 0, 255, 255, 255]);
    changeStain(picture, { scale: [1.5, 0.5, 2], shift: [-0.2, -0.2, -0.2] });
    for (const value of picture) expect(value >= 0 && value <= 255).toBe(true);
  });
});

describe("changeColor", () => {
  const same = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };

  it("without change gives the same picture", () => {
    const picture = rgb();
    changeColor(picture, same);
    expect(close(picture, rgb())).toBeLessThan(1e-3);
  });

  it("saturation 0 gives BT.601 grey", () => {
    const picture = Float32Array.from([200, 100, 50]);
    changeColor(picture, { ...same, saturation: 0 });
    for (const value of picture) expect(value).toBeCloseTo(0.299 * 200 + 0.587 * 100 + 0.114 * 50, 3);
  });

  it("brightness multiplies, contrast 0 gives the mean grey, results are clamped", () => {
    const bright = Float32Array.from([100, 50, 200]);
    changeColor(bright, { ...same, brightness: 1.5 });
    expect([...bright]).toEqual([expect.closeTo(150, 3), expect.closeTo(75, 3), 255]);
    const flat = Float32Array.from([10, 10, 10, 90, 90, 90]);
    changeColor(flat, { ...same, contrast: 0 });
    for (const value of flat) expect(value).toBeCloseTo(50, 3);
  });

  it("a full turn of the hue is none, half a turn swaps warm and cold, grey stays", () => {
    const picture = rgb();
    changeColor(picture, { ...same, hue: 1 });
    expect(close(picture, rgb())).toBeLessThan(1e-3);
    const red = Float32Array.from([140, 100, 100, 80, 80, 80]);
    changeColor(red, { ...same, hue: 0.5 });
    expect(red[0]).toBeLessThan(red[1]!);
    expect(red[3]).toBeCloseTo(80, 3);
  });
});
