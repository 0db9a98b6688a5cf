import { expectSize, type ImageSize, type LabelInput, largestId } from "./label-map";

/** Where the nuclei of a label map are: parallel arrays, one entry per nucleus, ids ascending. */
export interface InstanceTable extends ImageSize {
  readonly ids: Uint32Array;
  /** Pixels. */
  readonly area: Float64Array;
  /** Bounding boxes: first column and row, and column and row after the last. */
  readonly x0: Int32Array;
  readonly y0: Int32Array;
  readonly x1: Int32Array;
  readonly y1: Int32Array;
}

/**
 * The ids, areas and bounding boxes of a label map in one pass over its pixels; typed arrays only, so a million nuclei cost
 * 28 bytes each.
 *
 * @throws InstancesError if the array does not fill the image or holds a negative label
 */
export function findInstances(map: LabelInput): InstanceTable {
  const { data, width, height } = map;
  expectSize("findInstances", map, data);
  const max = largestId("findInstances", data);
  const ids = idsOf(data, max);
  const n = ids.length;
  // Ids may be anything up to 2^32 - 1: a table while it is no larger than a few images, else a hash map.
  const table = max <= Math.max(1024, 4 * data.length) ? new Uint32Array(max + 1) : undefined;
  const hash = new Map<number, number>();
  for (let k = 0; k < n; k++)
    if (table === undefined) hash.set(ids[k]!, k);
    else table[ids[k]!] = k;
  const area = new Float64Array(n);
  const x0 = new Int32Array(n).fill(width);
  const y0 = new Int32Array(n);
  const x1 = new Int32Array(n);
  const y1 = new Int32Array(n);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const id = data[i]!;
      if (id === 0) continue;
      const k = table === undefined ? hash.get(id)! : table[id]!;
      if (area[k]!++ === 0) y0[k] = y;
      if (x < x0[k]!) x0[k] = x;
      if (x >= x1[k]!) x1[k] = x + 1;
      y1[k] = y + 1;
    }
  return { width, height, ids, area, x0, y0, x1, y1 };
}

/** The distinct ids but 0, ascending. */
function idsOf(data: LabelInput["data"], max: number): Uint32Array {
  if (max > Math.max(1024, 4 * data.length)) {
    const set = new Set<number>();
    let last = 0;
    for (let i = 0; i < data.length; i++) if (data[i] !== last) set.add((last = data[i]!));
    set.delete(0);
    return Uint32Array.from(set).sort();
  }
  const present = new Uint8Array(max + 1);
  for (let i = 0; i < data.length; i++) present[data[i]!] = 1;
  present[0] = 0;
  let n = 0;
  for (let id = 1; id <= max; id++) n += present[id]!;
  const ids = new Uint32Array(n);
  n = 0;
  for (let id = 1; id <= max; id++) if (present[id] === 1) ids[n++] = id;
  return ids;
}
