import { expectSize, type LabelInput, type LabelMap, largestId } from "./label-map";

/**
 * A copy of a label map whose ids are 1..count in raster order of each nucleus's first pixel, gaps closed.
 * (`skimage.segmentation.relabel_sequential` keeps the order of the ids instead.)
 *
 * @throws InstancesError if the array does not fill the image or holds a negative label
 */
export function relabel(map: LabelInput): LabelMap {
  const { width, height } = map;
  expectSize("relabel", map, map.data);
  const max = largestId("relabel", map.data);
  const data = new Uint32Array(map.data.length);
  // Ids may be anything up to 2^32 - 1: a table while it is no larger than the image, else a hash map.
  const table = max <= Math.max(1024, 4 * data.length) ? new Uint32Array(max + 1) : undefined;
  const hash = new Map<number, number>();
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    const id = map.data[i]!;
    if (id === 0) continue;
    let to = table === undefined ? (hash.get(id) ?? 0) : table[id]!;
    if (to === 0) {
      to = ++count;
      if (table === undefined) hash.set(id, to);
      else table[id] = to;
    }
    data[i] = to;
  }
  return { data, width, height, count };
}
