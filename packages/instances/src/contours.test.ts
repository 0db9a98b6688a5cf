import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masks } from "../test-support/brute-force";
import { invalidity } from "../test-support/ring-checks";
import { syntheticNuclei } from "../test-support/synthetic-nuclei";
import { contours } from "./contours";
import { findInstances } from "./find-instances";
import { type Ring, signedArea } from "./polygon";
import { paintPolygons } from "./rasterize";
import { watershed } from "./watershed";

/** Random label maps: parts that do not touch, holes, corners that meet, several ids, gaps between them. */
const labelMaps = fc.tuple(masks(12), fc.integer({ min: 1, max: 4 })).map(([{ data, width, height }, ids]) => ({
  data: Uint32Array.from(data, (v, i) => (v === 0 ? 0 : 1 + 3 * ((i * 7 + (i >> 2)) % ids))),
  width,
  height,
}));

describe("contours", () => {
  it("gives valid rings that draw back to the same labels", () => {
    fc.assert(
      fc.property(labelMaps, (map) => {
        const back = new Uint32Array(map.data.length);
        for (const { id, polygons } of contours(map)) {
          expect(invalidity(polygons)).toBeUndefined();
          paintPolygons(back, map, polygons, id);
          // The rings' areas add up to the pixels: nothing is counted twice.
          const area = polygons.flat().reduce((sum, ring) => sum + signedArea(ring), 0);
          expect(area).toBe(map.data.filter((v) => v === id).length);
        }
        expect([...back]).toEqual([...map.data]);
      }),
      { numRuns: 600 },
    );
  });

  it("starts at the top left and goes along the top edge", () => {
    const [contour] = contours({ data: Uint8Array.of(0, 0, 0, 0, 5, 5), width: 3, height: 2 });
    expect(contour!.id).toBe(5);
    expect(contour!.polygons.map((p) => p.map((r) => [...r]))).toEqual([[[1, 1, 3, 1, 3, 2, 1, 2, 1, 1]]]);
  });

  it("keeps pixels that meet at a corner as two polygons, and a hole open at a corner as a hole", () => {
    const [diagonal] = contours({ data: Uint8Array.of(1, 0, 0, 1), width: 2, height: 2 });
    expect(diagonal!.polygons.length).toBe(2);
    // The ring of pixels closes at a corner only: exterior and hole touch in one point.
    const [ring] = contours({ data: Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 0), width: 3, height: 3 });
    expect(ring!.polygons.map((p) => p.length)).toEqual([2]);
    expect(invalidity(ring!.polygons)).toBeUndefined();
  });

  it("simplifies without crossings, close to the outline, and draws nearly the same nuclei", () => {
    const [width, height] = [200, 200];
    const map = watershed(syntheticNuclei(width, height, 3), { width, height });
    const exact = [...contours(map)];
    const simple = [...contours(map, { simplify: 1 })];
    const corners = (list: typeof exact) =>
      list.flatMap((c) => c.polygons.flat()).reduce((n, r) => n + r.length / 2, 0);
    expect(corners(simple)).toBeLessThan(corners(exact) / 3);
    for (const { id, polygons } of simple) {
      const back = new Uint32Array(map.data.length);
      paintPolygons(back, map, polygons, id);
      let [both, either] = [0, 0];
      for (let i = 0; i < back.length; i++) {
        const [a, b] = [back[i] === id, map.data[i] === id];
        if (a && b) both++;
        if (a || b) either++;
      }
      expect(both / either).toBeGreaterThan(0.8);
    }
  });

  it("never lets simplified rings cross, and leaves outlines exact that would", () => {
    const turn = (r: Ring, a: number, q: Ring, b: number) =>
      Math.sign((r[a + 2]! - r[a]!) * (q[b + 1]! - r[a + 1]!) - (r[a + 3]! - r[a + 1]!) * (q[b]! - r[a]!));
    let simplified = 0;
    fc.assert(
      fc.property(fc.nat(999), fc.constantFrom(0.5, 1, 1.5, 3), fc.boolean(), (seed, simplify, holes) => {
        const map = watershed(syntheticNuclei(32, 32, seed, 30), { width: 32, height: 32 });
        if (holes) for (let i = seed; i < map.data.length; i += 29) map.data[i] = 0;
        const exact = [...contours(map)];
        for (const [n, { polygons }] of [...contours(map, { simplify })].entries()) {
          expect(polygons.map((p) => p.length)).toEqual(exact[n]!.polygons.map((p) => p.length));
          for (const p of polygons) for (const [k, ring] of p.entries()) expect(signedArea(ring) > 0).toBe(k === 0);
          const rings = polygons.flat();
          if (rings.some((ring, k) => ring.length < exact[n]!.polygons.flat()[k]!.length)) simplified++;
          for (const p of rings)
            for (const q of rings)
              for (let a = 0; a + 3 < p.length; a += 2)
                for (let b = 0; b + 3 < q.length; b += 2)
                  if (turn(p, a, q, b) * turn(p, a, q, b + 2) < 0 && turn(q, b, p, a) * turn(q, b, p, a + 2) < 0)
                    expect.fail(`segments cross: ${p} and ${q}`);
        }
      }),
      { numRuns: 100 },
    );
    expect(simplified).toBeGreaterThan(50);
    // Three by three pixels around a hole would become a line.
    const ring = { data: Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 1), width: 3, height: 3 };
    expect([...contours(ring, { simplify: 5 })]).toEqual([...contours(ring)]);
    expect(() => [...contours(ring, { simplify: -1 })]).toThrow("simplify");
  });
});

describe("findInstances", () => {
  it("lists ids with gaps, as large as they come", () => {
    const map = { data: Uint32Array.of(0, 4294967295, 7, 7, 0, 4294967295), width: 3, height: 2 };
    const table = findInstances(map);
    expect([...table.ids]).toEqual([7, 4294967295]);
    expect([...table.area]).toEqual([2, 2]);
    expect([table.x0, table.y0, table.x1, table.y1].map((v) => [...v])).toEqual([
      [0, 1],
      [0, 0],
      [3, 3],
      [2, 2],
    ]);
    expect(() => findInstances({ data: Int32Array.of(-4), width: 1, height: 1 })).toThrow("-4 at index 0");
  });
});
