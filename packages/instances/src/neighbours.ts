import type { Connectivity } from "./label-map";

/** Column and row steps to a pixel's neighbours, in raster order; the first four rows of `[dx, dy]` pairs for connectivity 4. */
const STEPS_4 = [0, -1, -1, 0, 1, 0, 0, 1];
const STEPS_8 = [-1, -1, 0, -1, 1, -1, -1, 0, 1, 0, -1, 1, 0, 1, 1, 1];

/**
 * Writes the indices of the neighbours of pixel `i` inside the image to `into` and returns how many there are.
 * Raster order, so that every algorithm that asks breaks ties in the same way.
 */
export type Neighbours = (i: number, into: Int32Array) => number;

/** The neighbour function of an image; `into` needs room for 8. */
export function neighboursOf(width: number, height: number, connectivity: Connectivity): Neighbours {
  const steps = connectivity === 4 ? STEPS_4 : STEPS_8;
  const offsets = new Int32Array(steps.length / 2);
  for (let k = 0; k < offsets.length; k++) offsets[k] = steps[2 * k + 1]! * width + steps[2 * k]!;
  return (i, into) => {
    const x = i % width;
    const y = (i - x) / width;
    let n = 0;
    if (x > 0 && y > 0 && x + 1 < width && y + 1 < height) {
      for (; n < offsets.length; n++) into[n] = i + offsets[n]!;
      return n;
    }
    for (let k = 0; k < offsets.length; k++) {
      const nx = x + steps[2 * k]!;
      const ny = y + steps[2 * k + 1]!;
      if (nx >= 0 && ny >= 0 && nx < width && ny < height) into[n++] = i + offsets[k]!;
    }
    return n;
  };
}
