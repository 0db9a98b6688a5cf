import { describe, expect, it } from "vitest";
import { cropWindow, WindowBlend, windowsOver } from "./windows";

describe("windows", () => {
  it.each([
    [100, 80, 32, 8],
    [33, 33, 32, 8],
    [32, 32, 32, 8],
    [500, 10, 64, 16],
    [129, 65, 64, 0],
  ])("%i x %i in windows of %i, halo %i, blend to what they were cut from", (width, height, side, halo) => {
    const image = Float32Array.from({ length: width * height }, (_, i) => Math.sin(i * 0.7) + i / 1000);
    const blend = new WindowBlend(width, height, halo);
    for (const w of windowsOver(width, height, side, halo)) {
      const values = Float32Array.from({ length: w.width * w.height }, (_, i) => {
        const [x, y] = [w.x + (i % w.width), w.y + Math.floor(i / w.width)];
        return x < width && y < height ? image[y * width + x]! : Number.NaN;
      });
      blend.add(w, values);
    }
    const out = blend.finish();
    const worst = out.reduce((m, v, i) => Math.max(m, Math.abs(v - image[i]!)), 0);
    expect(worst).toBeLessThan(1e-4);
  });

  it("neighbours share two halos and stay inside", () => {
    const windows = windowsOver(200, 64, 64, 12);
    expect(windows.map((w) => w.x)).toEqual([0, 34, 68, 102, 136]);
    expect(windowsOver(10, 10, 64, 12)).toEqual([{ x: 0, y: 0, width: 64, height: 64 }]);
  });

  it("a window beyond the image repeats its edge", () => {
    const image = Uint8Array.from([1, 2, 3, 4, 5, 6]); // 2 x 1
    expect([...cropWindow(image, 2, 1, { x: 0, y: 0, width: 3, height: 2 })]).toEqual([
      1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6,
    ]);
  });
});
