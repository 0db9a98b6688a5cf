import { InstancesError } from "./errors";
import { type GeoJsonReadOptions, readGeoJson } from "./geojson-read";
import { expectSize, type ImageSize, type LabelMap } from "./label-map";
import { paintPolygons, type WorkBudget } from "./rasterize";
import type { FileSource } from "./text-pieces";

/** Labels drawn from outlines, and what was odd about them. */
export interface DrawnLabels extends LabelMap {
  /** Features read; `count` of them have pixels. */
  readonly features: number;
  /** Features that got no pixel: outside the image, thinner than pixel centres, or covered by earlier ones. */
  readonly empty: number;
  /** Pixels inside an outline that an earlier feature had already. */
  readonly overlapPixels: number;
  /** Features numbered anew, because they named no label or one that an earlier feature has. */
  readonly renumbered: number;
}

/**
 * Draws the nuclei of a GeoJSON file into a label map `[height, width]`: pixel centres, even-odd, the first feature keeps a
 * shared pixel, what lies outside is clipped. Ids are those in the file (`properties.metadata.label`, as `writeGeoJson` puts them), so
 * labels -> GeoJSON -> labels is the identity; features without one get numbers after the largest, in file order.
 *
 * @throws InstancesError for a file that `readGeoJson` refuses, or outlines that would take unreasonably long to draw
 */
export async function labelsFromGeoJson(
  source: FileSource,
  options: ImageSize & GeoJsonReadOptions,
): Promise<DrawnLabels> {
  const { width, height } = options;
  expectSize("labelsFromGeoJson", options);
  const data = new Uint32Array(width * height);
  const budget = workBudget(width * height);
  const used = new Set<number>();
  // Features without a label are drawn with numbers from the top, free ones are given at the end.
  const fresh: number[] = [];
  let top = 0xffffffff;
  let largest = 0;
  let features = 0;
  let empty = 0;
  let overlapPixels = 0;
  for await (const { id: label, polygons } of readGeoJson(source, options)) {
    features++;
    let id = label;
    if (id === 0 || used.has(id)) {
      while (used.has(top)) top--;
      id = top;
      fresh.push(id);
    } else if (id > largest) largest = id;
    used.add(id);
    const { pixels, taken } = paintPolygons(data, { width, height }, polygons, id, budget);
    if (pixels === 0) empty++;
    overlapPixels += taken;
  }
  if (fresh.length > 0) renumber(data, fresh, largest);
  return { data, width, height, count: features - empty, features, empty, overlapPixels, renumbered: fresh.length };
}

function renumber(data: Uint32Array, fresh: readonly number[], largest: number): void {
  if (largest + fresh.length > 0xffffffff)
    throw new InstancesError("labelsFromGeoJson", "no ids are left", `largest label ${largest}`, "labels below 2^32");
  const to = new Map(fresh.map((id, k) => [id, largest + 1 + k]));
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) data[i] = to.get(data[i]!) ?? data[i]!;
}

/** Enough for every pixel to be covered 64 times; crossings of one outline held in at most 32 MiB. */
function workBudget(pixels: number): WorkBudget {
  const limit = 64 * pixels + 2 ** 24;
  let work = 0;
  const refuse = (what: string, expected: string): never => {
    throw new InstancesError("labelsFromGeoJson", "the outlines take too long to draw", what, expected);
  };
  return {
    spend: (units) => {
      if ((work += units) > limit) refuse("outlines that cover the image over 64 times", "nuclei");
    },
    hold: (crossings) => {
      if (crossings > 2 ** 22) refuse("an outline with over 4 million row crossings", "a nucleus");
    },
  };
}
