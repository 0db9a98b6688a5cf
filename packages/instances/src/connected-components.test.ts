import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floodComponents, masks } from "../test-support/brute-force";
import { connectedComponents } from "./connected-components";
import { InstancesError } from "./errors";

describe("connectedComponents", () => {
  it("labels as a flood fill does", () => {
    fc.assert(
      fc.property(masks(), fc.constantFrom(4 as const, 8 as const), ({ data, width, height }, connectivity) => {
        const got = connectedComponents(data, { width, height, connectivity });
        const want = floodComponents(data, width, height, connectivity);
        expect([...got.data]).toEqual(want);
        expect(got.count).toBe(Math.max(0, ...want));
      }),
      { numRuns: 400 },
    );
  });

  it("numbers over 65,535 parts", () => {
    const [width, height] = [601, 301];
    const data = new Uint8Array(width * height).map((_, i) => (i % 2 === 0 ? 1 : 0));
    const { count, data: labels } = connectedComponents(data, { width, height });
    expect(count).toBe((width * height + 1) / 2);
    expect(labels.at(-1)).toBe(count);
    expect(connectedComponents(data, { width, height, connectivity: 8 }).count).toBe(1);
  });

  it("refuses what is no image", () => {
    const attempt = () => connectedComponents(new Uint8Array(5), { width: 2, height: 3 });
    expect(attempt).toThrow("[connectedComponents] the array does not fill the image. Got 5 values for 2 x 3.");
    expect(() => connectedComponents([], { width: -1, height: 0 })).toThrow(InstancesError);
    expect(() => connectedComponents([], { width: 0, height: 0, connectivity: 6 as 4 })).toThrow("connectivity");
  });
});
