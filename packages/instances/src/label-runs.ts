import type { Connectivity } from "./label-map";

/** The horizontal runs of a mask in raster order, joined into connected components. */
export interface LabelledRuns {
  /** Index of each run's first pixel; has room for more, `runs` of them count. */
  readonly start: Uint32Array;
  /** Index after each run's last pixel. */
  readonly end: Uint32Array;
  /** The component of each run, 1..count in raster order of the first pixel. */
  readonly id: Uint32Array;
  readonly runs: number;
  readonly count: number;
  /** Pixels of each component; `area[0]` is 0. */
  readonly area: Float64Array;
}

/**
 * Labels the pixels that are foreground (`!== 0`) or, with `ofBackground`, the others. Union-find over runs instead of pixels: a row
 * of an image has few, so this costs little more than reading the mask once.
 */
export function labelRuns(
  mask: ArrayLike<number>,
  width: number,
  height: number,
  connectivity: Connectivity,
  ofBackground = false,
): LabelledRuns {
  let start = new Uint32Array(1024);
  let end = new Uint32Array(1024);
  let parent = new Uint32Array(1024);
  let runs = 0;
  // With corners, runs also touch when one ends right where the other begins.
  const reach = connectivity === 8 ? 1 : 0;
  let above = 0;
  let aboveEnd = 0;
  for (let y = 0, row = 0; y < height; y++, row += width) {
    const rowEnd = row + width;
    const first = runs;
    let candidate = above;
    for (let i = row; i < rowEnd; i++) {
      if ((mask[i] === 0) !== ofBackground) continue;
      const from = i;
      while (++i < rowEnd && (mask[i] === 0) === ofBackground);
      if (runs === start.length) {
        start = grown(start);
        end = grown(end);
        parent = grown(parent);
      }
      start[runs] = from;
      end[runs] = i;
      parent[runs] = runs;
      while (candidate < aboveEnd && end[candidate]! + width + reach <= from) candidate++;
      for (let c = candidate; c < aboveEnd && start[c]! + width < i + reach; c++) union(parent, runs, c);
      runs++;
    }
    above = first;
    aboveEnd = runs;
  }
  // The smaller root always won, so a parent comes before its children and one pass numbers them all.
  const id = new Uint32Array(runs);
  let count = 0;
  for (let r = 0; r < runs; r++) id[r] = parent[r] === r ? ++count : id[parent[r]!]!;
  const area = new Float64Array(count + 1);
  for (let r = 0; r < runs; r++) area[id[r]!]! += end[r]! - start[r]!;
  return { start, end, id, runs, count, area };
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(array.length * 2);
  more.set(array);
  return more;
}

function union(parent: Uint32Array, a: number, b: number): void {
  a = find(parent, a);
  b = find(parent, b);
  if (a < b) parent[b] = a;
  else parent[a] = b;
}

function find(parent: Uint32Array, r: number): number {
  while (parent[r] !== r) r = parent[r] = parent[parent[r]!]!;
  return r;
}
