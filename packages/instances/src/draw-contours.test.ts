import { describe, expect, it } from "vitest";
import { drawContours, instanceColor } from "./draw-contours";

describe("drawContours", () => {
  const data = new Uint8Array(49).map((_, i) => (i % 7 > 0 && i % 7 < 6 && i > 6 && i < 42 ? 3 : 0));
  const map = { data, width: 7, height: 7 };
  const drawn = (options?: Parameters<typeof drawContours>[2]) => {
    const rgba = new Uint8ClampedArray(4 * 49).fill(100);
    drawContours(rgba, map, { color: [255, 0, 0], ...options });
    return Array.from({ length: 49 }, (_, i) => rgba[4 * i]);
  };

  it("paints the inner border and nothing else", () => {
    const red = drawn();
    expect(red.filter((v) => v === 255).length).toBe(16);
    expect(red[3 * 7 + 3]).toBe(100);
    expect(red[0]).toBe(100);
    expect(drawn({ thickness: 2 }).filter((v) => v === 255).length).toBe(24);
    expect(drawn({ opacity: 0.5 })[8]).toBe(178);
  });

  it("separates touching nuclei, and the image border is no border", () => {
    const rgba = new Uint8ClampedArray(16);
    drawContours(rgba, { data: Uint8Array.of(1, 1, 2, 2), width: 4, height: 1 });
    expect([0, 1, 2, 3].map((i) => rgba[4 * i]! + rgba[4 * i + 1]! + rgba[4 * i + 2]! > 0)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([...rgba.slice(4, 7)]).toEqual([...instanceColor(1)]);
    expect(rgba[7]).toBe(0);
  });

  it("gives an id the same colour always, and neighbours different ones", () => {
    const colors = Array.from({ length: 400 }, (_, id) => instanceColor(id + 1));
    for (const rgb of colors) for (const v of rgb) expect(Number.isInteger(v) && v >= 0 && v <= 255).toBe(true);
    for (let i = 1; i < colors.length; i++)
      expect(colors[i]!.reduce((sum, v, c) => sum + Math.abs(v - colors[i - 1]![c]!), 0)).toBeGreaterThan(60);
    expect(new Set(colors.map(String)).size).toBeGreaterThan(390);
  });

  it("refuses arrays and options that do not fit", () => {
    expect(() => drawContours(new Uint8Array(3), map)).toThrow("the image does not fit");
    const rgba = new Uint8Array(4 * 49);
    expect(() => drawContours(rgba, map, { thickness: 0 })).toThrow("thickness");
    expect(() => drawContours(rgba, map, { opacity: 2 })).toThrow("opacity");
  });
});
