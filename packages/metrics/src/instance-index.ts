import { MetricsError } from "./errors";
import { type LabelMap, largestId } from "./label-map";

/** The instances of one label map, renumbered 1..n by ascending id. */
export interface InstanceIndex {
  /** [n] the original ids, ascending. */
  readonly ids: Float64Array;
  /** [n] pixels of each instance. */
  readonly areas: Float64Array;
  /** [height * width] 0 for background, else 1 + the instance's position in `ids`. */
  readonly index: Int32Array;
}

/** More instances than this would exceed what one JavaScript `Map` can hold. */
const MAX_SPARSE = 2 ** 23;

/** Finds and renumbers the instances of `map`. Memory grows with the image and the instances, not with the ids. */
export function indexInstances(where: string, name: string, map: LabelMap): InstanceIndex {
  const max = largestId(where, name, map);
  return max <= Math.max(65_535, 4 * map.data.length) ? byTable(map, max) : byMap(where, name, map);
}

/** Ids no larger than a few times the pixels: one array entry per possible id. */
function byTable({ data }: LabelMap, max: number): InstanceIndex {
  const table = new Int32Array(max + 1);
  for (let i = 0; i < data.length; i++) table[data[i]!]!++;
  let n = 0;
  for (let id = 1; id <= max; id++) if (table[id]! > 0) n++;
  const ids = new Float64Array(n);
  const areas = new Float64Array(n);
  n = 0;
  table[0] = 0;
  for (let id = 1; id <= max; id++) {
    if (table[id] === 0) continue;
    ids[n] = id;
    areas[n] = table[id]!;
    table[id] = ++n;
  }
  const index = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) index[i] = table[data[i]!]!;
  return { ids, areas, index };
}

/** Any ids: hashed once per run of equal pixels. */
function byMap(where: string, name: string, { data }: LabelMap): InstanceIndex {
  const seen = new Map<number, number>([[0, 0]]);
  const index = new Int32Array(data.length);
  let last = 0;
  let slot = 0;
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id !== last) {
      last = id;
      slot = seen.get(id) ?? -1;
      if (slot < 0) {
        slot = seen.size;
        seen.set(id, slot);
        if (slot > MAX_SPARSE)
          throw new MetricsError(
            where,
            `${name} has too many instances`,
            `over ${MAX_SPARSE}`,
            "fewer",
            "Renumber them.",
          );
      }
    }
    index[i] = slot;
  }
  seen.delete(0);
  const ids = Float64Array.from(seen.keys()).sort();
  const rank = new Int32Array(ids.length + 1); // order of appearance -> order of id
  for (let k = 0; k < ids.length; k++) rank[seen.get(ids[k]!)!] = k + 1;
  const areas = new Float64Array(ids.length);
  for (let i = 0; i < index.length; i++) {
    const k = rank[index[i]!]!;
    index[i] = k;
    if (k > 0) areas[k - 1]!++;
  }
  return { ids, areas, index };
}
