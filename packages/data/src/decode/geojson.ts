import { decodeError, type Where } from "./errors";
import { gunzip, isGzip } from "./gunzip";
import { parseJsonText } from "./json-text";

/** One nucleus of a GeoJSON file, in pixels of the image at full size. */
export interface GeoJsonRegion {
  /**
   * Its polygons, each an exterior ring and its holes. A ring is x0, y0, x1, y1, ..., x0, y0: x runs along columns, y
   * along rows. A pixel belongs to a polygon by the even-odd rule over its rings, to the nucleus if any polygon has it.
   */
  polygons: Float64Array[][];
}

/** The areas of a GeoJSON file, in the order of its features. */
export interface GeoJsonAnnotations {
  regions: GeoJsonRegion[];
  /** Features that are no area: points, lines, or without geometry. */
  dropped: number;
}

/** Options of `readGeoJson`. */
export interface GeoJsonOptions {
  /** Most bytes of text, after unpacking. Default 256 MiB. */
  maxBytes?: number;
  /** Most brackets, commas and colons; a nucleus takes about 200. Default 16 million. */
  maxValues?: number;
  /** File name, for messages only. */
  name?: string;
}

type Json = Record<string, unknown>;

/** A feature needs about eight levels. */
const MAX_DEPTH = 64;

/** Coordinates beyond this are no pixels of any image. */
const FAR = 2 ** 31;

/**
 * Reads the outlines of a GeoJSON file, plain or gzip, as QuPath exports them and `ama-sam predict` writes them: a
 * FeatureCollection, a list of features or one Feature. Polygons and MultiPolygons are areas, other geometries are
 * counted in `dropped`; a QuPath cell gives its nucleus (`nucleusGeometry`). Ids in the file are not read.
 *
 * Throws DecodeError: `wrong-format` for another kind of file, `truncated` for a cut gzip file, `unsupported` for gzip
 * of another kind, `corrupt` for broken JSON or a ring that is open or has a position that is no pixel,
 * `too-large` over `maxBytes` or `maxValues`.
 */
export function readGeoJson(bytes: Uint8Array, options: GeoJsonOptions = {}): GeoJsonAnnotations {
  const where: Where = { fn: "readGeoJson", name: options.name };
  const { maxBytes = 2 ** 28, maxValues = 16_000_000 } = options;
  const text = isGzip(bytes) ? gunzip(where, bytes, maxBytes) : bytes;
  if (text.length > maxBytes) {
    throw decodeError(where, "too-large", {
      what: "the file is too long",
      got: `${text.length} bytes`,
      expected: `at most ${maxBytes}`,
    });
  }
  const file = parseJsonText(where, text, { maxValues, maxDepth: MAX_DEPTH });
  const regions: GeoJsonRegion[] = [];
  let dropped = 0;
  for (const [i, feature] of featuresOf(where, file).entries()) {
    const polygons = polygonsOf(where, feature, `feature ${i + 1}`);
    if (polygons === undefined) dropped++;
    else regions.push({ polygons });
  }
  return { regions, dropped };
}

function featuresOf(where: Where, file: unknown): readonly unknown[] {
  if (Array.isArray(file)) return file;
  const { type, features } = file as Json;
  if (type === "Feature") return [file];
  if (type !== "FeatureCollection") {
    throw decodeError(where, "wrong-format", {
      what: "this is no GeoJSON",
      got: `${shown(file)} and type ${shown(type)}`,
      expected: 'type "FeatureCollection" or "Feature", or a list of features',
    });
  }
  if (!Array.isArray(features)) {
    throw decodeError(where, "corrupt", {
      what: '"features" is no list',
      got: shown(features),
      expected: "a list of features",
    });
  }
  return features;
}

/** The polygons of a feature; undefined for one that is no area. */
function polygonsOf(where: Where, feature: unknown, at: string): Float64Array[][] | undefined {
  if (!isObject(feature) || feature.type !== "Feature") {
    throw decodeError(where, "wrong-format", {
      what: `${at} is no Feature`,
      got: shown(feature),
      expected: '"type": "Feature"',
    });
  }
  const geometry = feature.nucleusGeometry ?? feature.geometry ?? null;
  if (geometry === null) return undefined;
  const { type, coordinates } = isObject(geometry) ? geometry : ({} as Json);
  switch (type) {
    case "Polygon":
      return [ringsOf(where, coordinates, at)];
    case "MultiPolygon":
      return listOf(where, coordinates, at, "polygons").map((polygon) => ringsOf(where, polygon, at));
    case "Point":
    case "MultiPoint":
    case "LineString":
    case "MultiLineString":
    case "GeometryCollection":
      return undefined;
    default:
      throw decodeError(where, "corrupt", {
        what: `${at} has no geometry that GeoJSON knows`,
        got: isObject(geometry) ? `type ${shown(type)}` : shown(geometry),
        expected: '"Polygon" or "MultiPolygon"',
      });
  }
}

const ringsOf = (where: Where, rings: unknown, at: string): Float64Array[] =>
  listOf(where, rings, at, "rings").map((ring) => ringOf(where, ring, at));

function listOf(where: Where, value: unknown, at: string, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw decodeError(where, "corrupt", {
    what: `${at} has no ${what}`,
    got: shown(value),
    expected: `a list of ${what}`,
  });
}

function ringOf(where: Where, positions: unknown, at: string): Float64Array {
  if (!Array.isArray(positions) || positions.length < 4) {
    throw decodeError(where, "corrupt", {
      what: `${at} has a ring that encloses nothing`,
      got: shown(positions),
      expected: "at least four positions",
    });
  }
  const ring = new Float64Array(2 * positions.length);
  for (const [k, position] of (positions as readonly unknown[]).entries()) {
    const [x, y] = Array.isArray(position) ? (position as unknown[]) : [];
    // JSON has no NaN, but 1e999 is Infinity; the comparison refuses both.
    if (typeof x !== "number" || typeof y !== "number" || !(Math.abs(x) <= FAR && Math.abs(y) <= FAR)) {
      throw decodeError(where, "corrupt", {
        what: `${at} has a position that is no pixel`,
        got: shown(position),
        expected: "[x, y] within 2^31 pixels",
      });
    }
    ring[2 * k] = x;
    ring[2 * k + 1] = y;
  }
  const n = ring.length;
  if (ring[0] !== ring[n - 2] || ring[1] !== ring[n - 1]) {
    throw decodeError(where, "corrupt", {
      what: `${at} has an open ring`,
      got: `(${ring[0]}, ${ring[1]}) first and (${ring[n - 2]}, ${ring[n - 1]}) last`,
      expected: "equal positions",
    });
  }
  return ring;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A short picture of a value for messages; never the whole of a hostile one. */
function shown(value: unknown): string {
  if (Array.isArray(value))
    return value.length <= 3 && !value.some(isList) ? stringOf(value) : `a list of ${value.length}`;
  if (isObject(value)) {
    const names = Object.keys(value)
      .slice(0, 5)
      .map((name) => name.slice(0, 20));
    return `an object with ${names.join(", ") || "no members"}`;
  }
  return stringOf(value);
}

const isList = (value: unknown): boolean => typeof value === "object" && value !== null;

const stringOf = (value: unknown): string => String(JSON.stringify(value)).slice(0, 60);
