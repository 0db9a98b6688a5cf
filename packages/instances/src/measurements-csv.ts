import type { Measurement } from "./measure";
import { namedMeasurements } from "./named-measurements";

const CHUNK = 1 << 16;
const BOX = ["Left px", "Top px", "Right px", "Bottom px"];
const NO_NUCLEUS: Measurement = {
  id: 0,
  area: 0,
  perimeter: 0,
  centroid: [0, 0],
  boundingBox: [0, 0, 0, 0],
  eccentricity: 0,
  solidity: 0,
  equivalentDiameter: 0,
};

/**
 * Measurements as CSV (RFC 4180: comma, CRLF, quotes where needed) in pieces of text: a header with units, then one row a nucleus:
 * id, bounding box in pixels, and the columns of `namedMeasurements`. Pass `measure(map, ...)` itself: nothing is collected.
 * Without any nucleus there is the header alone, in pixels and without channels.
 */
export function* measurementsCsv(
  measurements: Iterable<Measurement>,
  options: { channelNames?: readonly string[] } = {},
): Generator<string> {
  let headed = false;
  let text = "";
  const header = (columns: Record<string, number>): string => row(["Label", ...BOX, ...Object.keys(columns)]);
  for (const m of measurements) {
    const columns = namedMeasurements(m, options.channelNames);
    if (!headed) text = header(columns);
    headed = true;
    text += row([m.id, ...m.boundingBox, ...Object.values(columns)]);
    if (text.length >= CHUNK) {
      yield text;
      text = "";
    }
  }
  yield headed ? text : header(namedMeasurements(NO_NUCLEUS));
}

function row(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => quoted(String(field))).join(",")}\r\n`;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
