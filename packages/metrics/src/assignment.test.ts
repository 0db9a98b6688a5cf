import { expect, it } from "vitest";
import { random } from "../test-support/random-maps";
import { assign } from "./assignment";

/** The largest gain by trying everything, one row after the other. */
function bestGain(gains: number[][], row = 0, taken = 0): number {
  if (row === gains.length) return 0;
  let best = bestGain(gains, row + 1, taken);
  gains[row]!.forEach((gain, c) => {
    if (gain > 0 && !(taken & (1 << c))) best = Math.max(best, gain + bestGain(gains, row + 1, taken | (1 << c)));
  });
  return best;
}

it("finds the best one-to-one matching of 500 random graphs, ties included", () => {
  const next = random(17);
  for (let trial = 0; trial < 500; trial++) {
    const rows = 1 + Math.floor(next() * 6);
    const columns = 1 + Math.floor(next() * 6);
    const gain = () => (trial % 2 ? next() : Math.ceil(next() * 3) / 4);
    const gains = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (next() < 0.6 ? gain() : 0)),
    );
    const start = [0];
    const cols: number[] = [];
    const edges: number[] = [];
    for (const row of gains) {
      row.forEach((g, c) => {
        if (g > 0) {
          cols.push(c);
          edges.push(g);
        }
      });
      start.push(cols.length);
    }
    const chosen = assign(Int32Array.from(start), Int32Array.from(cols), Float64Array.from(edges), columns);
    const used = [...chosen].filter((k) => k >= 0);
    chosen.forEach((k, r) => {
      if (k >= 0) expect(k >= start[r]! && k < start[r + 1]!).toBe(true);
    });
    expect(new Set(used.map((k) => cols[k])).size).toBe(used.length);
    expect(used.reduce((s, k) => s + edges[k]!, 0)).toBeCloseTo(bestGain(gains), 12);
  }
});

it("matches nothing in a graph without edges", () => {
  expect([...assign(Int32Array.of(0, 0, 0), new Int32Array(0), new Float64Array(0), 3)]).toEqual([-1, -1]);
});
