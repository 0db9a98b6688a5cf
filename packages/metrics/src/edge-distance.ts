/** The foreground pixels of `index` that have a background 4-neighbour; outside the image is background. */
export function edgeMask(index: Int32Array, width: number, height: number): Uint8Array {
  const edge = new Uint8Array(index.length);
  for (let y = 0, i = 0; y < height; y++) {
    const rim = y === 0 || y === height - 1;
    for (let x = 0; x < width; x++, i++) {
      if (index[i] === 0) continue;
      const inside =
        !rim &&
        x > 0 &&
        x < width - 1 &&
        index[i - 1] !== 0 &&
        index[i + 1] !== 0 &&
        index[i - width] !== 0 &&
        index[i + width] !== 0;
      if (!inside) edge[i] = 1;
    }
  }
  return edge;
}

/**
 * Squared Euclidean distances from every set pixel of `from` to the nearest set pixel of `to` (which has at least one),
 * in raster order; exact whole numbers. Separable: distances within columns first, then each row of `from` looks for its nearest
 * columns sideways, which is quick where edges are close, and by a lower envelope of parabolas (Meijster 2000) where they are not.
 */
export function squaredDistances(from: Uint8Array, to: Uint8Array, width: number, height: number): Float64Array {
  const down = columnDistances(to, width, height);
  let asked = 0;
  for (let i = 0; i < from.length; i++) asked += from[i]!;
  const out = new Float64Array(asked);
  const site = new Int32Array(width);
  const begin = new Int32Array(width);
  const columns = new Int32Array(width);
  let n = 0;
  for (let y = 0, row = 0; y < height; y++, row += width) {
    let count = 0;
    for (let x = 0; x < width; x++) if (from[row + x] === 1) columns[count++] = x;
    if (count === 0) continue;
    const distances = out.subarray(n, n + count);
    const asks = columns.subarray(0, count);
    const rowDown = down.subarray(row, row + width);
    if (!searchSideways(asks, rowDown, distances)) lowerEnvelope(asks, rowDown, width + height, site, begin, distances);
    n += count;
  }
  return out;
}

/** For every pixel the rows to the nearest set pixel of its column; `width + height`, further than any pixel, if there is none. */
function columnDistances(mask: Uint8Array, width: number, height: number): Int32Array {
  const far = width + height;
  const down = new Int32Array(mask.length);
  for (let x = 0; x < width; x++) down[x] = mask[x] ? 0 : far;
  for (let i = width; i < mask.length; i++) down[i] = mask[i] ? 0 : Math.min(far, down[i - width]! + 1);
  for (let i = mask.length - width - 1; i >= 0; i--) if (down[i + width]! < down[i]!) down[i] = down[i + width]! + 1;
  return down;
}

/** Widens around each asked column until no further one can be nearer; false if the row as a whole takes too long. */
function searchSideways(asks: Int32Array, down: Int32Array, out: Float64Array): boolean {
  let budget = 2 * down.length;
  for (let k = 0; k < asks.length; k++) {
    const x = asks[k]!;
    let best = down[x]! ** 2;
    const reach = Math.max(x, down.length - 1 - x);
    for (let dx = 1; dx <= reach && dx * dx < best; dx++) {
      if (--budget < 0) return false;
      const left = x >= dx ? down[x - dx]! : down[x]!;
      const right = x + dx < down.length ? down[x + dx]! : down[x]!;
      const nearer = Math.min(left, right);
      const square = dx * dx + nearer * nearer;
      if (square < best) best = square;
    }
    out[k] = best;
  }
  return true;
}

/** The same distances in time linear in the row, by the parabolas dx^2 + down^2 that are lowest somewhere. */
function lowerEnvelope(
  asks: Int32Array,
  down: Int32Array,
  far: number,
  site: Int32Array, // columns whose parabola is part of the envelope
  begin: Int32Array, // first column at which it is the lowest
  out: Float64Array,
): void {
  let top = -1;
  for (let x = 0; x < down.length; x++) {
    const g = down[x]!;
    if (g === far) continue; // a column without any set pixel
    let start = 0;
    while (top >= 0) {
      const s = site[top]!;
      const h = down[s]!;
      // The new parabola is strictly lower than the one at s from this column on.
      start = Math.floor((x * x - s * s + g * g - h * h) / (2 * (x - s))) + 1;
      if (start > begin[top]!) break;
      top--;
    }
    if (top < 0) start = 0;
    if (start >= down.length) continue;
    site[++top] = x;
    begin[top] = start;
  }
  for (let k = 0, at = 0; k < asks.length; k++) {
    const x = asks[k]!;
    while (at < top && begin[at + 1]! <= x) at++;
    out[k] = (x - site[at]!) ** 2 + down[site[at]!]! ** 2;
  }
}
