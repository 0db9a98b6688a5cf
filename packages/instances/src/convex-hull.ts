/**
 * Area in square pixels of the convex hull of the squares of a mask's pixels (not 0), `[height, width]`.
 * Andrew's monotone chain over the two outermost corners of each row's edges; whole numbers throughout.
 */
export function hullArea(mask: ArrayLike<number>, width: number, height: number): number {
  // Per lattice row the leftmost and rightmost corner of the pixels above and below it.
  const low = new Int32Array(height + 1).fill(width + 1);
  const high = new Int32Array(height + 1).fill(-1);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      if (x < low[y]!) low[y] = x;
      if (x < low[y + 1]!) low[y + 1] = x;
      if (x + 1 > high[y]!) high[y] = x + 1;
      if (x + 1 > high[y + 1]!) high[y + 1] = x + 1;
    }
  return Math.abs(areaUnder(low) - areaUnder(high));

  /** Area between the y axis and the outer side of the chain (leftward convex for `low`, rightward for `high`). */
  function areaUnder(xs: Int32Array): number {
    const outward = xs === low ? 1 : -1;
    const chain: number[] = [];
    for (let y = 0; y <= height; y++) {
      if (high[y]! < 0) continue;
      const x = xs[y]!;
      while (chain.length >= 4) {
        const [ax, ay, bx, by] = chain.slice(-4) as [number, number, number, number];
        if (outward * ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) < 0) break;
        chain.length -= 2;
      }
      chain.push(x, y);
    }
    let area = 0;
    for (let k = 0; k + 3 < chain.length; k += 2)
      area += ((chain[k]! + chain[k + 2]!) / 2) * (chain[k + 3]! - chain[k + 1]!);
    return area;
  }
}
