import { describe, expect, it } from "vitest";
import { InstancesError } from "./errors";
import { measure } from "./measure";
import { measurementsCsv } from "./measurements-csv";
import { perimeterOf } from "./perimeter";

const pixels = (rows: string[]) => Uint8Array.from(rows.join(""), Number);
const ROWS = [
  "0011110000",
  "0111111000",
  "0111111100",
  "1111011110",
  "1110001110",
  "0111011100",
  "0011111000",
  "0001110000",
];
const map = { data: pixels(ROWS), width: 10, height: 8 };

describe("measure", () => {
  it("agrees with skimage 0.26 where the definitions are the same", () => {
    const image = { data: Float32Array.from({ length: 80 }, (_, i) => i), channels: 1 };
    const [m] = measure(map, { image });
    expect(m!.area).toBe(45);
    expect(m!.perimeter).toBeCloseTo(22.14213562373095, 12);
    // skimage: row 3.3111, column 3.8889, counted from pixel centres.
    expect(m!.centroid[0]).toBeCloseTo(3.888888888888889 + 0.5, 12);
    expect(m!.centroid[1]).toBeCloseTo(3.311111111111111 + 0.5, 12);
    expect(m!.eccentricity).toBeCloseTo(0.4120434316464664, 12);
    expect(m!.equivalentDiameter).toBeCloseTo(7.569397566060481, 12);
    expect(m!.meanIntensity).toEqual([37]);
    expect(m!.boundingBox).toEqual([0, 0, 9, 8]);
  });

  it("measures perimeters as skimage does, border cases included", () => {
    const cases: [number, string[]][] = [
      [31.313708498984763, ["011100001", "001010101", "111100010", "000011011", "100111111", "010100101", "111011111"]],
      [29.035533905932738, ["101011011", "101101111", "110110001", "110110000", "111100110", "110100010", "110001110"]],
      [29.106601717798213, ["110100111", "011101000", "111100101", "011100001", "110100010", "111110100", "101011110"]],
      [35.31370849898477, ["001111111", "001100011", "011101001", "001011111", "011010110", "111101010", "101100011"]],
      [0, ["1"]],
      [4, ["111111"]],
      [12, ["11111", "11111", "11111"]],
    ];
    for (const [want, rows] of cases)
      expect(perimeterOf(pixels(rows), rows[0]!.length, rows.length)).toBeCloseTo(want, 12);
  });

  it("has solidity 1 for what is convex, and the share of the hull for what is not", () => {
    const solidity = (rows: string[]) =>
      [...measure({ data: pixels(rows), width: rows[0]!.length, height: rows.length })][0]!.solidity;
    expect(solidity(["1"])).toBe(1);
    expect(solidity(["11111", "11111"])).toBe(1);
    // An L of three pixel squares: hull 4 less the triangle of 1/2.
    expect(solidity(["10", "11"])).toBeCloseTo(3 / 3.5, 12);
    // A ring: hull is the square.
    expect(solidity(["111", "101", "111"])).toBeCloseTo(8 / 9, 12);
    // Two pixels far apart are one object here.
    expect(solidity(["100", "000", "001"])).toBeCloseTo(2 / 5, 12);
  });

  it("gives a point eccentricity 0 and a line 1", () => {
    const [a, b] = measure({ data: Uint8Array.of(1, 0, 2, 2, 2), width: 5, height: 1 });
    expect([a!.eccentricity, b!.eccentricity]).toEqual([0, 1]);
  });

  it("converts to micrometres and averages each channel", () => {
    const image = { data: Uint8Array.of(10, 20, 30, 40, 50, 60), channels: 3 };
    const [m] = measure({ data: Uint16Array.of(9, 9), width: 2, height: 1 }, { micronsPerPixel: 0.25, image });
    expect(m!.meanIntensity).toEqual([25, 35, 45]);
    expect(m!.micrometres).toEqual({
      area: 0.125,
      perimeter: m!.perimeter * 0.25,
      centroid: [0.25, 0.125],
      boundingBox: [0, 0, 0.5, 0.25],
      equivalentDiameter: m!.equivalentDiameter * 0.25,
    });
  });

  it("refuses an image of another size and a pixel without one", () => {
    expect(() => [...measure(map, { image: { data: [1, 2], channels: 1 } })]).toThrow(InstancesError);
    for (const micronsPerPixel of [0, -1, Number.NaN, Infinity])
      expect(() => [...measure(map, { micronsPerPixel })]).toThrow("micronsPerPixel is no size");
  });
});

describe("measurementsCsv", () => {
  it("writes RFC 4180 with units, and quotes what needs it", () => {
    const image = { data: new Uint8Array(80).fill(7), channels: 1 };
    const csv = [
      ...measurementsCsv(measure(map, { image, micronsPerPixel: 0.5 }), { channelNames: ['H, "raw"'] }),
    ].join("");
    const [header, first, end] = csv.split("\r\n");
    expect(header).toBe(
      "Label,Left px,Top px,Right px,Bottom px,Centroid X µm,Centroid Y µm,Area µm^2,Perimeter µm," +
        'Equivalent diameter µm,Eccentricity,Solidity,"H, ""raw"": Mean"',
    );
    expect(first!.startsWith("1,0,0,9,8,2.19")).toBe(true);
    expect(first!.endsWith(",7")).toBe(true);
    expect(end).toBe("");
  });

  it("has one header however long it gets, and one without nuclei", () => {
    const data = Uint32Array.from({ length: 4000 }, (_, i) => i + 1);
    const text = [...measurementsCsv(measure({ data, width: 4000, height: 1 }))];
    expect(text.length).toBeGreaterThan(1);
    const lines = text.join("").trimEnd().split("\r\n");
    expect(lines.length).toBe(4001);
    expect(lines.filter((line) => line.startsWith("Label"))).toEqual([lines[0]]);
    expect([...measurementsCsv([])].join("")).toBe(`${lines[0]}\r\n`);
  });
});
