/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A probability map of elliptic nuclei, many of them touching; `density` is nuclei per 10,000 pixels. */
export function syntheticNuclei(width: number, height: number, seed: number, density = 8): Float32Array {
  const random = seeded(seed);
  const map = new Float32Array(width * height);
  const n = Math.round((width * height * density) / 10_000);
  for (let k = 0; k < n; k++) {
    const [cx, cy] = [random() * width, random() * height];
    const [a, b] = [5 + random() * 9, 5 + random() * 9];
    const angle = random() * Math.PI;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const r = Math.max(a, b);
    for (let y = Math.max(0, Math.floor(cy - r)); y < Math.min(height, cy + r); y++)
      for (let x = Math.max(0, Math.floor(cx - r)); x < Math.min(width, cx + r); x++) {
        const u = ((x - cx) * c + (y - cy) * s) / a;
        const v = ((y - cy) * c - (x - cx) * s) / b;
        // Falls from 1 at the centre through 0.5 at the ellipse.
        const p = 1 - 0.5 * (u * u + v * v);
        if (p > map[y * width + x]!) map[y * width + x] = p;
      }
  }
  return map;
}

/** The lowest IoU of any nucleus of `a` with the one of `b` that it shares most pixels with; 1 for no nuclei. */
export function worstIou(a: Uint32Array, b: Uint32Array, countA: number, countB: number): number {
  const areaA = new Float64Array(countA + 1);
  const areaB = new Float64Array(countB + 1);
  const shared = new Map<number, number>();
  for (let i = 0; i < a.length; i++) {
    areaA[a[i]!]!++;
    areaB[b[i]!]!++;
    if (a[i] !== 0 && b[i] !== 0) {
      const key = a[i]! * (countB + 1) + b[i]!;
      shared.set(key, (shared.get(key) ?? 0) + 1);
    }
  }
  const best = new Float64Array(countA + 1);
  for (const [key, n] of shared) {
    const [i, j] = [Math.floor(key / (countB + 1)), key % (countB + 1)];
    best[i] = Math.max(best[i]!, n / (areaA[i]! + areaB[j]! - n));
  }
  return best.length > 1 ? best.subarray(1).reduce((m, v) => Math.min(m, v)) : 1;
}
