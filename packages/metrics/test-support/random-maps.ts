import type { LabelMap } from "../src/index";

/** A small seeded generator for tests (mulberry32): numbers in [0, 1). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same map with its ids replaced: `rename(id)` for every foreground pixel. */
export function renamed(map: LabelMap, rename: (id: number) => number): LabelMap {
  return { ...map, data: Float64Array.from(map.data, (id) => (id === 0 ? 0 : rename(id))) };
}

/** Rows become columns. */
export function transposed({ data, width, height }: LabelMap): LabelMap {
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = data[y * width + x]!;
  return { data: out, width: height, height: width };
}

/** Ellipses with ids 1..count, later ones on top; `side` pixels apart on a jittered grid if `grid` is given. */
export function nuclei(
  next: () => number,
  width: number,
  height: number,
  count: number,
  radii: readonly [number, number],
  grid?: number,
): { data: Int32Array; width: number; height: number } {
  const data = new Int32Array(width * height);
  for (let id = 1; id <= count; id++) {
    const column = grid ? ((id - 1) % grid) + 0.5 + 0.4 * (next() - 0.5) : 0;
    const row = grid ? Math.floor((id - 1) / grid) + 0.5 + 0.4 * (next() - 0.5) : 0;
    const cx = grid ? (column * width) / grid : next() * width;
    const cy = grid ? (row * height) / Math.ceil(count / grid) : next() * height;
    const a = radii[0] + next() * (radii[1] - radii[0]);
    const b = radii[0] + next() * (radii[1] - radii[0]);
    for (let y = Math.max(0, Math.floor(cy - b)); y <= Math.min(height - 1, cy + b); y++)
      for (let x = Math.max(0, Math.floor(cx - a)); x <= Math.min(width - 1, cx + a); x++)
        if (((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 <= 1) data[y * width + x] = id;
  }
  return { data, width, height };
}
