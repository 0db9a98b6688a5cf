import { expect, test } from "vitest";
import { withFlags } from "../debug/flags";
import { piecesOf } from "./pieces";

test("a launch within the limit stays whole", () => {
  expect(piecesOf(7, 100e9)).toEqual([{ first: 0, end: 7, flops: 100e9 }]);
  expect(piecesOf(1, 1e15)).toEqual([{ first: 0, end: 1, flops: 1e15 }]); // no half workgroups
});

test("a larger one is cut so that no piece exceeds the limit, and every workgroup runs once", () => {
  for (const [groups, flops] of [
    [768, 412e9],
    [3, 250e9],
    [1000, 101e9],
    [65536, 5498e9],
  ]) {
    const pieces = piecesOf(groups, flops);
    expect(pieces[0].first).toBe(0);
    expect(pieces[pieces.length - 1].end).toBe(groups);
    for (let i = 1; i < pieces.length; i++) expect(pieces[i].first).toBe(pieces[i - 1].end);
    const each = (100e9 * groups) / flops; // workgroups that the limit allows, in pieces of whole ones
    for (const { first, end } of pieces) expect(end - first).toBeLessThanOrEqual(Math.ceil(each));
    expect(pieces.reduce((sum, it) => sum + it.flops, 0)).toBeCloseTo(flops, -3);
  }
});

test("the flag sets the limit", async () => {
  await withFlags({ launchGflop: 1 }, () => expect(piecesOf(100, 10e9)).toHaveLength(10));
});
