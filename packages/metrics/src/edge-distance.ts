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
 * in raster order; exact whole numbers. Meijster's separable transform: columns first, then one lower envelope of
 * parabolas per row, built only for rows in which somebody asks.
 */
export function squaredDistances(from: Uint8Array, to: Uint8Array, width: number, height: number): Float64Array {
  const far = width + height; // further than any pixel of the image
  const down = new Int32Array(to.length); // rows to the nearest set pixel of the same column
  for (let x = 0; x < width; x++) down[x] = to[x] ? 0 : far;
  for (let i = width; i < to.length; i++) down[i] = to[i] ? 0 : Math.min(far, down[i - width]! + 1);
  for (let i = to.length - width - 1; i >= 0; i--) if (down[i + width]! < down[i]!) down[i] = down[i + width]! + 1;

  let asked = 0;
  for (let i = 0; i < from.length; i++) asked += from[i]!;
  const out = new Float64Array(asked);
  const site = new Int32Array(width); // columns whose parabola is part of the envelope
  const begin = new Int32Array(width); // first column at which it is the lowest
  let n = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    if (!from.subarray(row, row + width).includes(1)) continue;
    let top = -1;
    for (let x = 0; x < width; x++) {
      const g = down[row + x]!;
      if (g === far) continue; // a column without any set pixel
      let start = 0;
      while (top >= 0) {
        const s = site[top]!;
        const h = down[row + s]!;
        // The new parabola is strictly lower than the one at s from this column on.
        start = Math.floor((x * x - s * s + g * g - h * h) / (2 * (x - s))) + 1;
        if (start > begin[top]!) break;
        top--;
      }
      if (top < 0) start = 0;
      if (start >= width) continue;
      site[++top] = x;
      begin[top] = start;
    }
    let k = 0;
    for (let x = 0; x < width; x++) {
      if (from[row + x] === 0) continue;
      while (k < top && begin[k + 1]! <= x) k++;
      const dx = x - site[k]!;
      const dy = down[row + site[k]!]!;
      out[n++] = dx * dx + dy * dy;
    }
  }
  return out;
}
