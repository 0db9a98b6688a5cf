import { InstancesError } from "./errors";
import { JsonElements, parseJson } from "./json-elements";
import type { Classification, NucleusFeature } from "./nucleus-feature";
import type { Polygon, Ring } from "./polygon";
import { type FileSource, textPieces } from "./text-pieces";

/** How much a GeoJSON file may ask for. */
export interface GeoJsonReadOptions {
  /** Bytes of text, after unzipping. Default 4 GiB. */
  maxBytes?: number;
  /** Characters of one feature. Default 4 Mi: an outline of some 400,000 corners. */
  maxFeatureLength?: number;
}

/** Coordinates beyond this are no pixels of any image. */
const FAR = 2 ** 31;

type Json = Record<string, unknown>;

/**
 * Reads the nuclei of a GeoJSON file one at a time: a FeatureCollection, a list of features or one Feature, as written by `writeGeoJson`,
 * QuPath and others, plain or gzip. Only Polygon and MultiPolygon with closed rings are accepted; a QuPath cell gives its nucleus.
 * `id` is `properties.metadata.label`, else 0. Memory is that of one feature.
 *
 * @throws InstancesError for anything that is not such a file, or is longer than the limits
 */
export async function* readGeoJson(
  source: FileSource,
  options: GeoJsonReadOptions = {},
): AsyncGenerator<NucleusFeature> {
  const { maxBytes = 2 ** 32, maxFeatureLength = 2 ** 22 } = options;
  const elements = new JsonElements(maxFeatureLength);
  const members: Json = {};
  let index = 0;
  for await (const piece of textPieces(source, maxBytes))
    for (const { name, text } of elements.push(piece)) {
      const value = parseJson(text);
      if (name === undefined) yield featureOf(value, `feature ${index++}`);
      else {
        if (name === "features") throw bad('"features" is no list', shown(value), "a list of features");
        if (KEPT.has(name)) members[name] = value;
      }
    }
  elements.end();
  if (members.type === "Feature" && index === 0) yield featureOf(members, "the feature");
  else if (elements.isObject && members.type !== "FeatureCollection")
    throw bad("the object is no collection", `type ${shown(members.type)}`, '"FeatureCollection" or "Feature"');
}

const KEPT = new Set(["type", "geometry", "nucleusGeometry", "properties"]);

function featureOf(value: unknown, where: string): NucleusFeature {
  if (!isObject(value) || value.type !== "Feature")
    throw bad(`${where} is no Feature`, shown(value), '"type": "Feature"');
  const geometry = value.nucleusGeometry ?? value.geometry;
  const properties = isObject(value.properties) ? value.properties : {};
  const classification = classificationOf(properties.classification);
  const measurements = measurementsOf(properties.measurements);
  return {
    id: labelOf(properties.metadata),
    polygons: polygonsOf(geometry, where),
    ...(classification && { classification }),
    ...(measurements && { measurements }),
  };
}

function polygonsOf(geometry: unknown, where: string): Polygon[] {
  if (!isObject(geometry)) throw bad(`${where} has no geometry`, shown(geometry), "a Polygon or MultiPolygon");
  const { type, coordinates } = geometry;
  if (type !== "Polygon" && type !== "MultiPolygon")
    throw bad(
      `${where} is no area`,
      `geometry ${shown(type)}`,
      "a Polygon or MultiPolygon",
      "Export areas, not points.",
    );
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  if (!Array.isArray(polygons) || polygons.length === 0)
    throw bad(`${where} has no polygons`, shown(polygons), "a list of polygons");
  return polygons.map((rings: unknown) => {
    if (!Array.isArray(rings) || rings.length === 0)
      throw bad(`${where} has no rings`, shown(rings), "a list of rings");
    return rings.map((ring: unknown) => ringOf(ring, where));
  });
}

function ringOf(positions: unknown, where: string): Ring {
  if (!Array.isArray(positions) || positions.length < 4)
    throw bad(`${where} has a ring that encloses nothing`, shown(positions), "at least four positions");
  const ring = new Float64Array(2 * positions.length);
  for (let k = 0; k < positions.length; k++) {
    const position: unknown = positions[k];
    const [x, y] = Array.isArray(position) ? (position as unknown[]) : [];
    // JSON has no NaN, but 1e999 is Infinity; the comparison refuses both.
    if (typeof x !== "number" || typeof y !== "number" || !(Math.abs(x) <= FAR && Math.abs(y) <= FAR))
      throw bad(`${where} has a position that is no pixel`, shown(position), "[x, y] within 2^31 pixels");
    ring[2 * k] = x;
    ring[2 * k + 1] = y;
  }
  const n = ring.length;
  if (ring[0] !== ring[n - 2] || ring[1] !== ring[n - 1])
    throw bad(`${where} has an open ring`, `${shown(positions[0])} ... ${shown(positions.at(-1))}`, "last = first");
  return ring;
}

function labelOf(metadata: unknown): number {
  const label = isObject(metadata) ? metadata.label : undefined;
  if (typeof label !== "string" || !/^[1-9][0-9]{0,9}$/.test(label)) return 0;
  return Number(label) <= 0xffffffff ? Number(label) : 0;
}

/** QuPath writes `name`, or `names` for a class with subclasses. */
function classificationOf(value: unknown): Classification | undefined {
  if (!isObject(value)) return undefined;
  const { name, names, color } = value;
  const text = Array.isArray(names) && names.every((n) => typeof n === "string") ? names.join(": ") : name;
  if (typeof text !== "string") return undefined;
  const rgb =
    Array.isArray(color) && color.length === 3 && color.every((c) => Number.isInteger(c) && c >= 0 && c < 256);
  return rgb ? { name: text, color: color as [number, number, number] } : { name: text };
}

/** An object of numbers, or QuPath 0.3's list of `{ name, value }`. Anything else in it is skipped. */
function measurementsOf(value: unknown): Record<string, number> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.filter(isObject).map((entry) => [entry.name, entry.value])
    : Object.entries(value);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[0] === "string" && typeof entry[1] === "number"),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(what: string, got: string, expected: string, hint?: string): InstancesError {
  return new InstancesError("readGeoJson", what, got, expected, hint);
}

/** A short picture of a value for messages; never the whole of a hostile one. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length > 3 ? `a list of ${value.length}` : "a short list";
  if (isObject(value))
    return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "no members"}`.slice(0, 120);
  return String(JSON.stringify(value)).slice(0, 60);
}
