import {
  byteStream,
  drawContours,
  encodeLabelPng,
  encodeLabelTiff,
  measure,
  measurementsCsv,
  nucleusFeatures,
  writeGeoJson,
} from "@ama-sam/instances";
import { NOT_FOR_DIAGNOSIS, withPngText } from "./notice-text";
import type { ExportRequest, OpenedImage } from "./protocol";

const CHANNELS = ["Red", "Green", "Blue"] as const;

/**
 * The nuclei as a file; every form says what it is not for, where the format has a place for it, and GeoJSON and PNG also when the
 * model saw the image recoloured.
 */
export async function exportFile(
  { format, labels, micronsPerPixel }: ExportRequest,
  image: OpenedImage,
  recolored: boolean,
): Promise<Blob> {
  const scale = micronsPerPixel === null ? {} : { micronsPerPixel };
  const notice = recolored ? `${NOT_FOR_DIAGNOSIS} The model saw the image recoloured.` : NOT_FOR_DIAGNOSIS;
  const intensities = { image: { data: image.rgb, channels: 3 } };
  switch (format) {
    case "png":
      return new Blob([withPngText(await encodeLabelPng(labels), "Comment", notice)], { type: "image/png" });
    case "tiff":
      return new Blob([await encodeLabelTiff(labels)], { type: "image/tiff" });
    case "csv":
      return new Response(
        byteStream(measurementsCsv(measure(labels, { ...scale, ...intensities }), { channelNames: CHANNELS })),
      ).blob();
    case "overlay":
      return overlay(labels, image);
    default: {
      const features = nucleusFeatures(labels, {
        ...scale,
        ...intensities,
        channelNames: CHANNELS,
        classification: { name: "Nucleus" },
      });
      const text = noted(writeGeoJson(features, { namespace: image.name }), notice);
      return new Response(byteStream(text, { gzip: format === "geojson.gz" })).blob();
    }
  }
}

/** Puts the notice into the collection as a member of its own, which readers of GeoJSON pass over. */
async function* noted(pieces: AsyncIterable<string>, notice: string): AsyncGenerator<string> {
  let first = true;
  for await (const piece of pieces) {
    yield first ? piece.replace("{", `{"note":${JSON.stringify(notice)},`) : piece;
    first = false;
  }
}

async function overlay(labels: ExportRequest["labels"], { width, height, rgb }: OpenedImage): Promise<Blob> {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0, o = 0; i < rgb.length; i += 3, o += 4) {
    rgba[o] = rgb[i]!;
    rgba[o + 1] = rgb[i + 1]!;
    rgba[o + 2] = rgb[i + 2]!;
    rgba[o + 3] = 255;
  }
  drawContours(rgba, labels, { thickness: Math.max(width, height) > 1500 ? 2 : 1 });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
  const size = Math.max(9, Math.round(height / 50));
  context.font = `${size}px sans-serif`;
  const text = context.measureText(NOT_FOR_DIAGNOSIS).width;
  context.fillStyle = "#000b";
  context.fillRect(0, height - 1.7 * size, text + size, 1.7 * size);
  context.fillStyle = "#fff";
  context.fillText(NOT_FOR_DIAGNOSIS, size / 2, height - 0.55 * size);
  return canvas.convertToBlob({ type: "image/png" });
}
