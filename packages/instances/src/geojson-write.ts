import { InstancesError } from "./errors";
import type { NucleusFeature } from "./nucleus-feature";
import type { Polygon, Ring } from "./polygon";
import { nucleusUuid } from "./uuid";

/** How features become text. */
export interface GeoJsonOptions {
  /** Kept apart from other files' ids when both are opened in QuPath, e.g. the image's name. Default "". */
  namespace?: string;
}

/** Text is handed on in pieces of about this many characters. */
const CHUNK = 1 << 16;

/**
 * Writes nuclei as the GeoJSON FeatureCollection that QuPath imports (File > Import objects), in pieces of text: detections with a
 * UUID, a Polygon or, for disconnected nuclei, MultiPolygon of closed rings in pixels, class, measurements, and the label in
 * `metadata`, which QuPath keeps. Only one piece is in memory at a time, however many nuclei come.
 *
 * @throws InstancesError for a ring that is open, has under four positions, or holds a coordinate that is not finite
 */
export async function* writeGeoJson(
  features: Iterable<NucleusFeature> | AsyncIterable<NucleusFeature>,
  options: GeoJsonOptions = {},
): AsyncGenerator<string> {
  let text = '{"type":"FeatureCollection","features":[';
  let separator = "\n";
  for await (const feature of features) {
    text += separator + featureText(feature, options.namespace);
    separator = ",\n";
    if (text.length >= CHUNK) {
      yield text;
      text = "";
    }
  }
  yield `${text}\n]}\n`;
}

function featureText(feature: NucleusFeature, namespace: string | undefined): string {
  const { id, polygons, classification, measurements } = feature;
  if (!Number.isInteger(id) || id < 1 || id > 0xffffffff)
    throw new InstancesError(
      "writeGeoJson",
      "a nucleus has no valid id",
      String(id),
      "a whole number from 1 to 2^32 - 1",
    );
  if (polygons.length === 0)
    throw new InstancesError("writeGeoJson", `nucleus ${id} has no outline`, "0 polygons", "at least one polygon");
  const parts = polygons.map((polygon) => polygonText(polygon, id));
  const geometry =
    parts.length === 1
      ? `{"type":"Polygon","coordinates":${parts[0]}}`
      : `{"type":"MultiPolygon","coordinates":[${parts.join(",")}]}`;
  const properties: Record<string, unknown> = { objectType: "detection" };
  if (classification !== undefined) properties.classification = classification;
  if (measurements !== undefined) {
    const finite: Record<string, number> = {};
    // JSON has no NaN; QuPath shows a missing measurement as one.
    for (const name of Object.keys(measurements))
      if (Number.isFinite(measurements[name])) finite[name] = measurements[name]!;
    properties.measurements = finite;
  }
  properties.metadata = { label: String(id) };
  return `{"type":"Feature","id":"${nucleusUuid(id, namespace)}","geometry":${geometry},"properties":${JSON.stringify(properties)}}`;
}

function polygonText(polygon: Polygon, id: number): string {
  if (polygon.length === 0)
    throw new InstancesError("writeGeoJson", `a polygon of nucleus ${id} is empty`, "0 rings", "an exterior ring");
  let text = "[";
  for (let r = 0; r < polygon.length; r++) text += (r === 0 ? "" : ",") + ringText(polygon[r]!, id);
  return `${text}]`;
}

function ringText(ring: Ring, id: number): string {
  const n = ring.length;
  if (n < 8 || n % 2 !== 0 || ring[0] !== ring[n - 2] || ring[1] !== ring[n - 1])
    throw new InstancesError(
      "writeGeoJson",
      `a ring of nucleus ${id} is not closed`,
      `${n / 2} positions, first (${ring[0]}, ${ring[1]}), last (${ring[n - 2]}, ${ring[n - 1]})`,
      "at least four positions, the last equal to the first",
    );
  let text = "[";
  for (let i = 0; i < n; i += 2) {
    const x = ring[i]!;
    const y = ring[i + 1]!;
    if (!Number.isFinite(x) || !Number.isFinite(y))
      throw new InstancesError("writeGeoJson", `a ring of nucleus ${id} has no place`, `(${x}, ${y})`, "finite pixels");
    text += `${i === 0 ? "" : ","}[${x},${y}]`;
  }
  return `${text}]`;
}
