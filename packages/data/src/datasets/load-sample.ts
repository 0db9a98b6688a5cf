import { DecodeError, decodeImage, type Outline, type Raster } from "../decode";
import { DataError } from "../errors";
import type { FileSource } from "../source/file-source";
import { extension } from "../source/paths";
import type { Annotation, Finding, ItemRecord, Sample } from "./dataset";
import { arrayToLabels, connectedComponents8, countLabels, foreground, toSingleChannel } from "./labels";
import { toRgb8 } from "./to-rgb8";

/** Options of `loadSample`. */
export interface LoadOptions {
  /** Refuse images with more pixels than this before decoding; default 89.5 million. */
  maxPixels?: number;
}

interface Labelled {
  labels: Uint32Array;
  width: number;
  height: number;
  instanceKind: Sample["instanceKind"];
  micronsPerPixel?: number;
  findings: Finding[];
}

/**
 * Reads and decodes one item: its image as 8-bit RGB and its nuclei as a label map of the same size.
 *
 * A pure function of the files, so an app may run it in a worker: `item` is plain data.
 *
 * @throws DataError `undecodable`, `size-mismatch`, `odd-channels`, `odd-values`, `missing-file`; always with the file's path.
 */
export async function loadSample(source: FileSource, item: ItemRecord, options: LoadOptions = {}): Promise<Sample> {
  const raster = await decodePicture(source, item.imagePath, options);
  const { image, findings } = toRgb8(raster, item.imagePath);
  const { width, height } = image;
  if (item.annotation === null) {
    const mpp = raster.micronsPerPixel;
    return {
      id: item.id,
      image,
      labels: null,
      mask: null,
      instanceKind: "instances",
      nuclei: 0,
      ...(mpp === undefined ? {} : { micronsPerPixel: mpp }),
      warnings: findings,
    };
  }
  const found = await readAnnotation(source, item.annotation, width, height, options);
  const path = item.annotation.paths[0];
  if (found.width !== width || found.height !== height) {
    throw new DataError(
      "size-mismatch",
      `[loadSample] image and annotation differ in size. Got image ${width} x ${height} ("${item.imagePath}"), ` +
        `annotation ${found.width} x ${found.height} ("${path}"). Expected equal sizes.` +
        (found.width === height && found.height === width ? " They are each other's transpose." : ""),
      path === undefined ? {} : { path },
    );
  }
  const nuclei = countLabels(found.labels);
  const warnings = [...findings, ...found.findings];
  if (nuclei === 0) {
    warnings.push({
      level: "warning",
      code: "empty-label",
      message: "no nucleus in the annotation",
      ...(path === undefined ? {} : { path }),
    });
  }
  const mpp = found.micronsPerPixel ?? raster.micronsPerPixel;
  return {
    id: item.id,
    image,
    labels: found.labels,
    mask: foreground(found.labels),
    instanceKind: found.instanceKind,
    nuclei,
    ...(mpp === undefined ? {} : { micronsPerPixel: mpp }),
    warnings,
  };
}

/** Runs a decoder and gives its refusal the path of the file. */
async function decoding<T>(path: string, decode: () => T | Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (!DecodeError.isInstance(error)) throw error;
    throw new DataError("undecodable", `[loadSample] cannot read "${path}": ${error.message}`, { path, cause: error });
  }
}

async function decodePicture(source: FileSource, path: string, options: LoadOptions): Promise<Raster> {
  const bytes = await source.read(path);
  return decoding(path, () => decodeImage(bytes, options));
}

/** A mask or label picture as one number per pixel: palette files hold ids as indices, whatever their colours. */
async function decodeLabels(
  source: FileSource,
  path: string,
  options: LoadOptions,
): Promise<{ labels: Uint32Array; width: number; height: number }> {
  const bytes = await source.read(path);
  const raster = await decoding(path, () => decodeImage(bytes, { ...options, palette: "index" }));
  return { labels: toSingleChannel(raster, path), width: raster.width, height: raster.height };
}

async function readAnnotation(
  source: FileSource,
  annotation: Annotation,
  width: number,
  height: number,
  options: LoadOptions,
): Promise<Labelled> {
  const path = annotation.paths[0] ?? "";
  switch (annotation.kind) {
    case "image-scope-xml":
      return readImageScope(source, path, width, height);
    case "geojson":
      return readFeatures(source, path, width, height);
    case "mat":
      return readInstMap(source, path);
    case "instance-masks":
      return readInstanceMasks(source, annotation.paths, width, height, options);
    default:
      return readLabelPicture(source, path, annotation.kind, options);
  }
}

async function readImageScope(source: FileSource, path: string, width: number, height: number): Promise<Labelled> {
  const bytes = await source.read(path);
  const { readImageScopeXml } = await import("../decode/imagescope-xml");
  const { regions, dropped, micronsPerPixel: mpp } = await decoding(path, () => readImageScopeXml(bytes));
  const drawn = await drawOutlines(path, regions, width, height);
  if (dropped + drawn.dropped > 0) {
    const message = `${dropped + drawn.dropped} region(s) without area or outside the image were dropped`;
    drawn.findings.unshift({ level: "warning", code: "dropped-regions", message, path });
  }
  return mpp === undefined ? drawn : { ...drawn, micronsPerPixel: mpp };
}

async function readFeatures(source: FileSource, path: string, width: number, height: number): Promise<Labelled> {
  const bytes = await source.read(path);
  const { readGeoJson } = await import("../decode/geojson");
  const { regions, dropped } = await decoding(path, () => readGeoJson(bytes));
  const drawn = await drawOutlines(path, regions, width, height);
  const empty = regions.length - countLabels(drawn.labels);
  const findings: Finding[] = [];
  const warn = (message: string) => findings.push({ level: "warning", code: "dropped-regions", message, path });
  if (dropped > 0) warn(`${dropped} feature(s) that are no area (points, lines) were dropped`);
  if (empty > 0) {
    warn(
      `${empty} of ${regions.length} outline(s) have no pixel of their own: outside the image, too thin, or under an ` +
        "earlier one (a frame around the nuclei counts as a nucleus)",
    );
  }
  return { ...drawn, findings: [...findings, ...drawn.findings] };
}

async function drawOutlines(
  path: string,
  regions: readonly Outline[],
  width: number,
  height: number,
): Promise<Labelled & { dropped: number }> {
  const { rasterizeRegions } = await import("../decode/rasterize-regions");
  const { labels, overlapPixels, dropped } = await decoding(path, () => rasterizeRegions(regions, width, height));
  const findings: Finding[] = [];
  if (overlapPixels > 0) {
    findings.push({
      level: "warning",
      code: "overlap",
      message: `outlines overlap on ${overlapPixels} pixel(s); the first region in the file keeps them`,
      path,
    });
  }
  return { labels, width, height, instanceKind: "instances", dropped, findings };
}

async function readInstMap(source: FileSource, path: string): Promise<Labelled> {
  const bytes = await source.read(path);
  const { readMat } = await import("../decode/mat");
  const variables = await decoding(path, () => readMat(bytes, { only: ["inst_map"] }));
  const map = variables.get("inst_map");
  if (map === undefined) {
    throw new DataError(
      "undecodable",
      `[loadSample] no variable inst_map. Got "${path}". Expected a MAT v5 file with inst_map [H, W].`,
      {
        path,
      },
    );
  }
  return { ...arrayToLabels(map.data, map.dims, path), instanceKind: "instances", findings: [] };
}

async function readLabelPicture(
  source: FileSource,
  path: string,
  kind: "label-image" | "mask-image" | "mask-or-label-image",
  options: LoadOptions,
): Promise<Labelled> {
  let labels: Uint32Array;
  let width: number;
  let height: number;
  const ext = extension(path);
  if (ext === "npy") {
    const bytes = await source.read(path);
    const { readNpy } = await import("../decode/npy");
    const array = await decoding(path, () => readNpy(bytes));
    ({ labels, width, height } = arrayToLabels(array.data, array.shape, path));
  } else {
    ({ labels, width, height } = await decodeLabels(source, path, options));
  }
  const findings: Finding[] = [];
  let binary = kind === "mask-image";
  if (ext === "jpg" || ext === "jpeg") {
    // JPEG blurs edges: its values are no ids, and small ones are no foreground.
    labels = labels.map((value) => (value > 127 ? 1 : 0));
    binary = true;
    findings.push({
      level: "warning",
      code: "lossy-mask",
      message: "a JPEG mask has no exact edges; cut at half white",
      path,
    });
  } else if (kind === "mask-or-label-image") {
    binary = countLabels(labels) <= 1;
  }
  if (!binary) return { labels, width, height, instanceKind: "instances", findings };
  return {
    labels: connectedComponents8(labels, width, height).labels,
    width,
    height,
    instanceKind: "components",
    findings,
  };
}

async function readInstanceMasks(
  source: FileSource,
  paths: readonly string[],
  width: number,
  height: number,
  options: LoadOptions,
): Promise<Labelled> {
  const labels = new Uint32Array(width * height);
  const findings: Finding[] = [];
  let next = 1;
  let overlapped = 0;
  for (const path of paths) {
    const own = await decodeLabels(source, path, options);
    if (own.width !== width || own.height !== height) {
      throw new DataError(
        "size-mismatch",
        `[loadSample] a nucleus mask differs from its image in size. Got ${own.width} x ${own.height} ("${path}"). Expected ${width} x ${height}.`,
        { path },
      );
    }
    const mask = own.labels;
    let drawn = 0;
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue;
      if (labels[i] === 0) {
        labels[i] = next;
        drawn++;
      } else overlapped++;
    }
    if (drawn > 0) next++;
    else
      findings.push({
        level: "warning",
        code: "empty-mask",
        message: "a nucleus mask without a pixel of its own",
        path,
      });
  }
  if (overlapped > 0) {
    findings.push({
      level: "warning",
      code: "overlap",
      message: `masks overlap on ${overlapped} pixel(s); the first file keeps them`,
      ...(paths[0] === undefined ? {} : { path: paths[0] }),
    });
  }
  return { labels, width, height, instanceKind: "instances", findings };
}
