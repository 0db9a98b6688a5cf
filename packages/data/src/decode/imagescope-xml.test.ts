import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "./errors";
import { readImageScopeXml } from "./imagescope-xml";
import { rasterizeRegions } from "./rasterize-regions";

const vertices = (points: number[][]) => points.map(([x, y]) => `<Vertex X="${x}" Y="${y}"/>`).join("");
const region = (id: number, points: number[][]) =>
  `<Region Id="${id}"><Attributes/><Vertices>${vertices(points)}</Vertices></Region>`;
const square = (x: number, y: number, side: number) => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
];
const document = (...annotations: string[]) =>
  `<Annotations MicronsPerPixel="0.252">${annotations.map((a) => `<Annotation Id="1"><Regions><RegionAttributeHeaders/>${a}</Regions></Annotation>`).join("\n")}</Annotations>`;
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error.code;
    throw error;
  }
  return "none";
}

describe("readImageScopeXml", () => {
  const text = document(
    region(7, square(0, 0, 2)) +
      region(3, [
        [1, 1],
        [2, 2],
      ]),
    region(9, square(1.5, -2.25, 4)),
  );

  it("reads every region of every annotation and counts the degenerate", () => {
    const read = readImageScopeXml(text);
    expect(read.micronsPerPixel).toBe(0.252);
    expect(read.dropped).toBe(1);
    expect(read.regions.map(({ id }) => id)).toEqual(["7", "9"]);
    expect([...read.regions[1]!.vertices]).toEqual([1.5, -2.25, 5.5, -2.25, 5.5, 1.75, 1.5, 1.75]);
  });

  it("reads bytes with and without a byte-order mark, in UTF-8 and UTF-16", () => {
    const plain = new TextEncoder().encode(text);
    const utf16 = new Uint8Array(2 + 2 * text.length);
    utf16.set([0xff, 0xfe]);
    [...text].forEach((char, i) => {
      utf16[2 + 2 * i] = char.charCodeAt(0);
    });
    for (const bytes of [plain, Uint8Array.of(0xef, 0xbb, 0xbf, ...plain), utf16]) {
      expect(readImageScopeXml(bytes)).toEqual(readImageScopeXml(text));
    }
    expect(readImageScopeXml(`<?xml version="1.0"?>\n${text}`).regions.length).toBe(2);
  });

  it("gives no pixel size where there is none", () => {
    for (const attribute of ["", 'MicronsPerPixel=""', 'MicronsPerPixel="0"', 'MicronsPerPixel="x"']) {
      expect(readImageScopeXml(`<Annotations ${attribute}/>`)).toEqual({ regions: [], dropped: 0 });
    }
  });

  it("refuses bad XML, other XML, missing numbers, depth, count and declarations", () => {
    expect(codeOf(() => readImageScopeXml(text.slice(0, -5)))).toBe("corrupt");
    expect(codeOf(() => readImageScopeXml(""))).toBe("corrupt");
    expect(codeOf(() => readImageScopeXml("<html/>"))).toBe("wrong-format");
    expect(() => readImageScopeXml(text.replace('Y="2"', 'Y="nan"'), { name: "a.xml" })).toThrow(
      /region 7 at line 1, column \d+ has no place in a.xml/,
    );
    expect(codeOf(() => readImageScopeXml(text.replace('X="2"', "")))).toBe("corrupt");
    const deep = `<Annotations>${"<a>".repeat(100_000)}`;
    expect(codeOf(() => readImageScopeXml(deep))).toBe("corrupt");
    expect(codeOf(() => readImageScopeXml(text, { maxElements: 5 }))).toBe("too-large");
    const laughs = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Annotations>&b;</Annotations>`;
    expect(codeOf(() => readImageScopeXml(laughs))).toBe("unsupported");
  });
});

describe("rasterizeRegions", () => {
  const polygon = (points: number[][]) => ({ vertices: points.flat() });

  it("takes pixel centres, first region first, clips and drops", () => {
    const { labels, overlapPixels, dropped } = rasterizeRegions(
      [
        polygon(square(0.5, 0.5, 2)),
        polygon([
          [0, 0],
          [9, 9],
        ]),
        polygon(square(-5, 1.6, 9)),
      ],
      4,
      4,
    );
    // A centre on the left or upper edge is inside, on the right or lower edge it is not.
    expect([...labels]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect([overlapPixels, dropped]).toEqual([0, 1]);
    expect(rasterizeRegions([polygon(square(0, 0, 2)), polygon(square(1, 1, 2))], 3, 3).overlapPixels).toBe(1);
  });

  it("fills even-odd: a polygon drawn twice over itself has a hole", () => {
    const inner = square(1, 1, 2);
    const { labels } = rasterizeRegions([polygon([...square(0, 0, 4), [0, 0], ...inner, [1, 1]])], 4, 4);
    expect([...labels]).toEqual([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
  });

  it("agrees with a point-in-polygon test of every pixel", () => {
    const coordinate = fc.oneof(
      fc.integer({ min: -3, max: 15 }),
      fc.double({ min: -3, max: 15, noNaN: true }),
      fc.integer({ min: -6, max: 30 }).map((v) => v / 2),
    );
    const shape = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 4 }), (shapes) => {
        const [width, height] = [12, 10];
        const expected = new Uint32Array(width * height);
        let overlap = 0;
        shapes.forEach((points, n) => {
          for (let i = 0; i < expected.length; i++) {
            if (!inside(points, (i % width) + 0.5, Math.floor(i / width) + 0.5)) continue;
            if (expected[i] === 0) expected[i] = n + 1;
            else overlap++;
          }
        });
        const result = rasterizeRegions(shapes.map(polygon), width, height);
        expect(result.labels).toEqual(expected);
        expect(result.overlapPixels).toBe(overlap);
      }),
      { numRuns: 500, seed: 9 },
    );
  });

  it("refuses annotations that cover the image thousands of times", () => {
    const everything = { vertices: [0, 0, 2000, 0, 2000, 2000, 0, 2000] };
    expect(codeOf(() => rasterizeRegions(new Array(5000).fill(everything), 1000, 1000))).toBe("too-large");
  });
});

/** W. R. Franklin's test: an odd number of edges to the right. */
function inside(points: number[][], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [xi, yi] = points[i]! as [number, number];
    const [xj, yj] = points[j]! as [number, number];
    if (yi > y !== yj > y && x < xj + ((y - yj) * (xi - xj)) / (yi - yj)) odd = !odd;
  }
  return odd;
}
