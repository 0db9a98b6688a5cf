import fc from "fast-check";

/** A mask `[height, width]` of 0 and 1. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Random masks of 0 to 14 pixels a side: sparse, dense, checkered, full and empty. */
export function masks(maxSide = 14): fc.Arbitrary<Mask> {
  return fc
    .record({
      width: fc.integer({ min: 0, max: maxSide }),
      height: fc.integer({ min: 0, max: maxSide }),
      fill: fc.constantFrom(0, 0.2, 0.5, 0.5, 0.7, 0.9, 1),
      seed: fc.integer(),
    })
    .map(({ width, height, fill, seed }) => {
      let s = seed >>> 0;
      const data = new Uint8Array(width * height).map(() => {
        s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
        return s / 2 ** 32 < fill ? 1 : 0;
      });
      return { data, width, height };
    });
}

/** The neighbours of a pixel inside the image. */
export function around(i: number, width: number, height: number, connectivity: 4 | 8): number[] {
  const [x, y] = [i % width, Math.floor(i / width)];
  const found: number[] = [];
  for (let dy = -1; dy <= 1; dy++)
    for (let dx = -1; dx <= 1; dx++) {
      if ((dx === 0 && dy === 0) || (connectivity === 4 && dx !== 0 && dy !== 0)) continue;
      if (x + dx >= 0 && y + dy >= 0 && x + dx < width && y + dy < height) found.push((y + dy) * width + x + dx);
    }
  return found;
}

/** Components by flooding from each pixel in raster order; pixels connect where `values` are equal and not 0. */
export function floodComponents(
  values: ArrayLike<number>,
  width: number,
  height: number,
  connectivity: 4 | 8,
): number[] {
  const labels = new Array<number>(values.length).fill(0);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0 || labels[i] !== 0) continue;
    labels[i] = ++count;
    const queue = [i];
    while (queue.length > 0)
      for (const j of around(queue.pop()!, width, height, connectivity))
        if (values[j] === values[i] && labels[j] === 0) {
          labels[j] = count;
          queue.push(j);
        }
  }
  return labels;
}
