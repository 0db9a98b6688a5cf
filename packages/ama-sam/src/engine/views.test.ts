import { expect, test } from "vitest";
import { meanOverViews, VIEWS, viewsOf } from "./views";

const image = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => i * 7) };
/** A "model" that sees only the pixel itself: the mean over any views is what one view gives. */
const red = async ({ data }: { data: ArrayLike<number> }) =>
  Float32Array.from({ length: data.length / 3 }, (_, i) => data[i * 3]!);

test.each(VIEWS)("%s turns every view back to where it came from", async (views) => {
  expect([...(await meanOverViews(image, views, red))]).toEqual([...(await red(image))]);
});

test("every view shows the model another image, of the right size", async () => {
  const seen = new Set<string>();
  await meanOverViews(image, "d4", async (view) => {
    expect(view.data.length).toBe(view.width * view.height * 3);
    seen.add(`${view.width}x${view.height}:${[...(await red(view))]}`);
    return red(view);
  });
  expect(seen.size).toBe(8);
  expect([...seen].filter((s) => s.startsWith("2x3")).length).toBe(4);
  expect(viewsOf("flip")).toHaveLength(4);
});

test("a model that sees the left edge only gives a map without a left edge", async () => {
  const left = async ({ width, height }: { width: number; height: number }) =>
    Float32Array.from({ length: width * height }, (_, i) => (i % width === 0 ? 1 : 0));
  expect([...(await meanOverViews(image, "flip", left))]).toEqual([0.5, 0, 0.5, 0.5, 0, 0.5]);
});
