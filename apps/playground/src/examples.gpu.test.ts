import { afterEach, beforeEach, expect, test, vi } from "vitest";

// Each example is a script: importing it runs it. What it exports and prints is checked here.
let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((...values) => void lines.push(values.map(String).join(" ")));
});
afterEach(() => vi.restoreAllMocks());

test("01 tensors and autograd", async () => {
  const { line } = await import("./01-tensors-and-autograd");
  expect(lines[0]).toContain("11 22 33 14 25 36");
  expect(line[0]).toBeCloseTo(3, 1);
  expect(line[1]).toBeCloseTo(-1, 1);
});

test("02 your own op", async () => {
  await import("./02-your-own-op");
  expect(lines).toEqual(["y  -9 -1 0 0.25 4", "dx 6 2 0 1 4"]);
});

test("03 swap the decoder", async () => {
  const { totals } = await import("./03-swap-the-decoder");
  expect(totals.at(-1)).toBeLessThan(0.8 * totals[0]);
  expect(lines[1]).toContain("decoder.up.weight");
});

test("04 box prompt", async () => {
  const { shape, iou, inside } = await import("./04-box-prompt");
  expect(shape).toEqual([1, 4, 150, 200]);
  expect(iou).toHaveLength(4);
  expect(iou.every(Number.isFinite)).toBe(true);
  expect(inside).toBeGreaterThanOrEqual(0);
  expect(lines.join()).toContain("random weights");
});

test("05 cgrl in two domains", async () => {
  const { none, grl, cgrl } = (await import("./05-cgrl-two-domains")).results;
  expect(none.probe, "without a layer the domains are plain to see").toBeGreaterThan(0.9);
  expect(cgrl.probe, "with CGRL they are hard to tell").toBeLessThan(0.8);
  expect(cgrl.moved, "GRL drags primary features along, CGRL does not").toBeLessThan(0.7 * grl.moved);
  for (const r of [none, grl, cgrl]) expect(r.classes).toBeGreaterThan(0.95);
});

test("06 read a .pth", async () => {
  const { count, back, refusal } = await import("./06-read-a-pth");
  expect(count).toBeGreaterThan(100);
  expect(back.length).toBeGreaterThan(10);
  expect(refusal).toBe("truncated");
});

test("07 checkpointing and memory", async () => {
  const { kept, mlps, again, same } = await import("./07-checkpointing-memory");
  expect(mlps.peak).toBeLessThan(0.5 * kept.peak);
  expect(same).toBe(true);
  expect(again.peak).toBeLessThan(0.5 * kept.peak);
});
