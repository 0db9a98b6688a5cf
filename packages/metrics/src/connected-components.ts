import { MetricsError } from "./errors";
import { expectLabelMap, type LabelMap, largestId } from "./label-map";

/** A label map with ids 1..count. */
export interface Components {
  /** [height * width] */
  readonly data: Int32Array;
  readonly width: number;
  readonly height: number;
  readonly count: number;
}

/**
 * Labels the connected foreground regions of a mask (any value but 0 is foreground), so that instance metrics can be computed
 * from a semantic map; ids 1..count in raster order of each region's first pixel. Source: `scipy.ndimage.label`.
 *
 * @param connectivity 4: sides touch; 8: corners too
 * @throws MetricsError for a broken mask or another connectivity
 */
export function connectedComponents(mask: LabelMap, connectivity: 4 | 8): Components {
  expectLabelMap("connectedComponents", "mask", mask);
  if (connectivity !== 4 && connectivity !== 8)
    throw new MetricsError("connectedComponents", "connectivity is unknown", String(connectivity), "4 or 8");
  largestId("connectedComponents", "mask", mask); // rejects NaN, which is neither foreground nor background
  const { data, width, height } = mask;
  const out = new Int32Array(data.length);
  const parent = new Int32Array(Math.ceil(data.length / 2) + 1); // at most every second pixel starts a label
  const find = (a: number): number => {
    while (parent[a] !== a) {
      parent[a] = parent[parent[a]!]!;
      a = parent[a]!;
    }
    return a;
  };
  let provisional = 0;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      let root = 0;
      const join = (neighbour: number): void => {
        if (neighbour === 0) return;
        const other = find(neighbour);
        if (root === 0 || root === other) root = other;
        else if (root < other) parent[other] = root;
        else {
          parent[root] = other;
          root = other;
        }
      };
      if (x > 0) join(out[i - 1]!);
      if (y > 0) {
        join(out[i - width]!);
        if (connectivity === 8) {
          if (x > 0) join(out[i - width - 1]!);
          if (x < width - 1) join(out[i - width + 1]!);
        }
      }
      if (root === 0) {
        root = ++provisional;
        parent[root] = root;
      }
      out[i] = root;
    }
  // The smallest provisional label of a region is that of its first pixel, so numbering roots upwards is raster order.
  let count = 0;
  const final = new Int32Array(provisional + 1);
  for (let a = 1; a <= provisional; a++) final[a] = parent[a] === a ? ++count : final[find(a)]!;
  for (let i = 0; i < out.length; i++) out[i] = final[out[i]!]!;
  return { data: out, width, height, count };
}
