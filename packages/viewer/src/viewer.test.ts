import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { ViewerError } from "./errors";
import { ImagePyramid } from "./image-pyramid";
import { outlineTile } from "./outline-tile";
import { clampView, coarsestLevel, fitView, levelFor, panBy, toImage, zoomAt } from "./view";

const labels = {
  width: 6,
  height: 4,
  data: Uint32Array.of(0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 2, 2),
};
const alpha = (tile: ReturnType<typeof outlineTile>) =>
  Array.from({ length: tile.height }, (_, y) =>
    Array.from({ length: tile.width }, (_, x) => (tile.data[4 * (y * tile.width + x) + 3]! > 0 ? "#" : ".")).join(""),
  );

describe("README", () => {
  it("prints what it says", async () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
    const log = vi.fn();
    const body = example.replace(/^import .*$/gm, "");
    new Function("outlineTile", "console", body)(outlineTile, { log });
    const expected = [...example.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map((m) => m[1]);
    expect(log.mock.calls.map((call) => call.join(" "))).toEqual(expected);
    expect(expected.length).toBe(2);
  });
});

describe("outlineTile", () => {
  it("outlines inside the nuclei; the image's border is no outline", () => {
    expect(alpha(outlineTile(labels))).toEqual([".#.#..", ".#.#..", ".#####", "....#."]);
  });

  it("gives a part as it is in the whole", () => {
    const data = Uint32Array.from(
      { length: 40 * 30 },
      (_, i) => (Math.floor((i % 40) / 7) + 6 * Math.floor(i / 40 / 6)) % 9,
    );
    const map = { width: 40, height: 30, data };
    for (const level of [-1, 0, 1]) {
      const whole = alpha(outlineTile(map, { level, thickness: 2 }));
      const part = alpha(outlineTile(map, { level, thickness: 2, x: 5, y: 3, width: 9, height: 8 }));
      expect(part).toEqual(whole.slice(3, 11).map((row) => row.slice(5, 14)));
    }
  });

  it("stays one sample wide at finer levels, and fills", () => {
    const fine = alpha(
      outlineTile({ width: 3, height: 3, data: Uint32Array.of(0, 0, 0, 0, 5, 0, 0, 0, 0) }, { level: -2 }),
    );
    expect(fine.slice(4, 8).map((row) => row.slice(4, 8))).toEqual(["####", "#..#", "#..#", "####"]);
    const filled = outlineTile(
      { width: 3, height: 3, data: new Uint32Array(9).fill(4) },
      { fill: 0.5, color: [9, 8, 7] },
    );
    expect([...filled.data.slice(16, 20)]).toEqual([9, 8, 7, 128]);
  });

  it("is transparent beyond the map and refuses what does not fit", () => {
    expect(alpha(outlineTile(labels, { x: 6, y: 4, width: 2, height: 2 }))).toEqual(["..", ".."]);
    expect(() => outlineTile({ ...labels, width: 5 })).toThrow(/the labels do not fill the map/);
    try {
      outlineTile(labels, { level: 0.5 });
      expect.unreachable();
    } catch (error) {
      expect(ViewerError.isInstance(error)).toBe(true);
    }
  });
});

describe("ImagePyramid", () => {
  it("halves by means and cuts tiles", () => {
    const data = Uint8Array.of(0, 4, 8, 4, 8, 12);
    const pyramid = new ImagePyramid({ width: 3, height: 2, channels: 1, data });
    expect([...pyramid.level(1).data]).toEqual([4, 10]);
    expect([...pyramid.tile(0, 2, 1, 2, 1)]).toEqual([12, 12, 12, 255, 0, 0, 0, 0]);
    expect(() => new ImagePyramid({ width: 2, height: 2, channels: 3, data })).toThrow(/do not fill the image/);
  });
});

describe("view", () => {
  const image = { width: 1000, height: 500 };
  const screen = { width: 500, height: 500 };

  it("fits, zooms about a point and moves", () => {
    const fit = fitView(image, screen);
    expect(fit.scale).toBeCloseTo(0.49);
    expect(toImage(fit, 250, 250)).toEqual([500, 250]);
    const before = toImage(fit, 100, 200);
    const closer = zoomAt(fit, 3, 100, 200, { min: 0.1 });
    expect(toImage(closer, 100, 200)[0]).toBeCloseTo(before[0]);
    expect(panBy(closer, 10, 0).x).toBeCloseTo(closer.x + 10 / closer.scale);
    expect(zoomAt(fit, 1e9, 0, 0, { min: 0.1 }).scale).toBe(40);
  });

  it("never loses the image", () => {
    const far = clampView({ x: 1e6, y: -1e6, scale: 1 }, image, screen);
    expect(far.x).toBeLessThan(image.width);
    expect(far.y).toBeGreaterThan(-screen.height);
  });

  it("chooses samples of about a device pixel", () => {
    for (const scale of [0.01, 0.3, 0.5, 0.9, 1, 1.5, 2, 3.9, 7]) {
      const px = scale * 2 ** levelFor(scale, 20);
      expect(px).toBeGreaterThan(0.7);
      expect(px).toBeLessThan(1.42);
    }
    expect(levelFor(0.001, 3)).toBe(3);
    expect(coarsestLevel({ width: 6000, height: 100 }, 512)).toBe(4);
  });
});
