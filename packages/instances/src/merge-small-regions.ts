import { type Connectivity, expectAtLeast, expectConnectivity, expectSize, type LabelMap } from "./label-map";
import { neighboursOf } from "./neighbours";
import { relabel } from "./relabel";

/**
 * A copy of a label map in which every region under `minArea` pixels has joined the neighbour it shares most contacts with (of
 * equals the lowest id), smallest ids first, until none is left; regions without a neighbour stay. Foreground stays
 * foreground, so fragments of a split nucleus leave no gap. Ids are renumbered 1..count.
 *
 * @throws InstancesError if the array does not fill the image or an option is out of range
 */
export function mergeSmallRegions(map: LabelMap, options: { minArea: number; connectivity?: Connectivity }): LabelMap {
  const { minArea, connectivity = 4 } = options;
  const { width, height } = map;
  expectSize("mergeSmallRegions", map, map.data);
  expectAtLeast("mergeSmallRegions", "minArea", minArea, 0);
  expectConnectivity("mergeSmallRegions", connectivity);
  const { data, count } = relabel(map);
  const area = new Float64Array(count + 1);
  for (let i = 0; i < data.length; i++) area[data[i]!]!++;
  const contacts = contactsOfSmall(data, area, minArea, width, height, connectivity);
  const parent = Uint32Array.from(area, (_, id) => id);
  const find = (id: number): number => {
    while (parent[id] !== id) id = parent[id] = parent[parent[id]!]!;
    return id;
  };
  for (const small of [...contacts.keys()].sort((a, b) => a - b)) {
    let id = find(small);
    while (area[id]! < minArea) {
      const best = mostContacts(contacts.get(id)!, id, find);
      if (best === 0) break;
      parent[id] = best;
      area[best]! += area[id]!;
      const theirs = contacts.get(best);
      if (theirs !== undefined)
        for (const [other, n] of contacts.get(id)!) theirs.set(other, (theirs.get(other) ?? 0) + n);
      id = best;
    }
  }
  for (let i = 0; i < data.length; i++) data[i] = find(data[i]!);
  return relabel({ data, width, height });
}

/** For every region under `minArea`: neighbouring id -> number of pixel pairs that touch. */
function contactsOfSmall(
  data: Uint32Array,
  area: Float64Array,
  minArea: number,
  width: number,
  height: number,
  connectivity: Connectivity,
): Map<number, Map<number, number>> {
  const contacts = new Map<number, Map<number, number>>();
  const neighbours = neighboursOf(width, height, connectivity);
  const near = new Int32Array(8);
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id === 0 || area[id]! >= minArea) continue;
    let mine = contacts.get(id);
    if (mine === undefined) contacts.set(id, (mine = new Map()));
    const n = neighbours(i, near);
    for (let k = 0; k < n; k++) {
      const other = data[near[k]!]!;
      if (other !== 0 && other !== id) mine.set(other, (mine.get(other) ?? 0) + 1);
    }
  }
  return contacts;
}

/** The current neighbour with most contacts, lowest id of equals; 0 for none. */
function mostContacts(contacts: Map<number, number>, self: number, find: (id: number) => number): number {
  const merged = new Map<number, number>();
  for (const [other, n] of contacts) {
    const root = find(other);
    if (root !== self) merged.set(root, (merged.get(root) ?? 0) + n);
  }
  let best = 0;
  let most = 0;
  for (const [id, n] of merged)
    if (n > most || (n === most && id < best)) {
      best = id;
      most = n;
    }
  return best;
}
