import { SaxesParser } from "saxes";
import { DecodeError, decodeError, type Where } from "./errors";
import { firstBytes } from "./sniff";

/** One outline of an ImageScope file, in pixels of the image at full size. */
export interface ImageScopeRegion {
  /** `Region/@Id`, for messages: not unique and not consecutive. */
  id: string;
  /** x0, y0, x1, y1, ...: x runs along columns, y along rows. The polygon closes itself. */
  vertices: Float64Array;
}

/** The outlines of an ImageScope file, in document order. */
export interface ImageScopeAnnotations {
  micronsPerPixel?: number;
  regions: ImageScopeRegion[];
  /** Regions with fewer than three vertices, which enclose nothing. */
  dropped: number;
}

/** Options of `readImageScopeXml`. */
export interface ImageScopeOptions {
  /** Most elements that are read; a nucleus takes about 100. Default 20 million. */
  maxElements?: number;
  /** File name, for messages only. */
  name?: string;
}

const MAX_DEPTH = 32;
const PIECE = 65_536;

/** Text of the file: UTF-8, or UTF-16 where a byte-order mark says so. */
function decodeText(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes.slice());
}

/**
 * Reads the Regions of every Annotation of an Aperio ImageScope XML file (as MoNuSeg has them), whatever their type.
 * `micronsPerPixel` is `Annotations/@MicronsPerPixel`. Throws DecodeError: `wrong-format` for other XML, `corrupt` with
 * line and column for bad XML or a vertex without finite X and Y, `too-large` over `maxElements`.
 */
export function readImageScopeXml(text: string | Uint8Array, options: ImageScopeOptions = {}): ImageScopeAnnotations {
  const where: Where = { fn: "readImageScopeXml", name: options.name };
  const source = typeof text === "string" ? text : decodeText(text);
  const maxElements = options.maxElements ?? 20_000_000;
  const regions: ImageScopeRegion[] = [];
  let micronsPerPixel: number | undefined;
  let dropped = 0;
  let depth = 0;
  let elements = 0;
  let open: { id: string; depth: number; points: number[] } | undefined;

  const parser = new SaxesParser();
  const at = () => `line ${parser.line}, column ${parser.column}`;
  parser.on("error", (error) => {
    throw decodeError(where, "corrupt", { what: "bad XML", got: error.message.slice(0, 200), cause: error });
  });
  parser.on("doctype", () => {
    throw decodeError(where, "unsupported", {
      what: "a document type declaration",
      hint: "Annotation files need none",
    });
  });
  parser.on("opentag", ({ name, attributes }) => {
    depth++;
    if (depth > MAX_DEPTH)
      throw decodeError(where, "corrupt", { what: `elements nested deeper than ${MAX_DEPTH} at ${at()}` });
    if (++elements > maxElements) {
      throw decodeError(where, "too-large", {
        what: `more than ${maxElements} elements`,
        hint: "Raise maxElements if this is meant",
      });
    }
    if (depth === 1 && name !== "Annotations") {
      throw decodeError(where, "wrong-format", {
        what: "this is no ImageScope file",
        got: `<${name.slice(0, 60)}>`,
        expected: "<Annotations>",
      });
    }
    if (depth === 1) {
      const value = Number(attributes.MicronsPerPixel);
      if (Number.isFinite(value) && value > 0) micronsPerPixel = value;
    } else if (name === "Region" && !open) {
      open = { id: attributes.Id ?? "", depth, points: [] };
    } else if (name === "Vertex" && open) {
      const [x, y] = [coordinate(attributes.X), coordinate(attributes.Y)];
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        throw decodeError(where, "corrupt", {
          what: `a vertex of region ${open.id} at ${at()} has no place`,
          got: `X="${attributes.X}" Y="${attributes.Y}"`.slice(0, 120),
          expected: "two numbers",
        });
      }
      open.points.push(x, y);
    }
  });
  parser.on("closetag", () => {
    if (open && depth === open.depth) {
      if (open.points.length >= 6) regions.push({ id: open.id, vertices: Float64Array.from(open.points) });
      else dropped++;
      open = undefined;
    }
    depth--;
  });

  try {
    for (let i = 0; i < source.length; i += PIECE) parser.write(source.slice(i, i + PIECE));
    parser.close();
  } catch (error) {
    if (DecodeError.isInstance(error)) throw error;
    throw decodeError(where, "corrupt", { what: "bad XML", got: String(error).slice(0, 200), cause: error });
  }
  if (elements === 0) {
    const got = typeof text === "string" ? `${text.length} characters` : firstBytes(text);
    throw decodeError(where, "wrong-format", { what: "this is no XML", got });
  }
  return micronsPerPixel === undefined ? { regions, dropped } : { micronsPerPixel, regions, dropped };
}

/** A number, with a decimal comma read as a point; NaN for a missing or empty attribute. */
function coordinate(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text.replace(",", "."));
}
