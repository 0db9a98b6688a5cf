import { join } from "node:path";
import { encodePng } from "@ama-sam/data";
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
import type { Prediction } from "ama-sam";
import { writeAtomic } from "../files/atomic-write";
import type { RgbFile } from "./images";

/** What `predict` can write. */
export const OUTPUTS = ["mask", "probability", "instances", "geojson", "csv", "overlay"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Labels that 16 bits hold. */
const MAX_PNG_LABEL = 65_535;

/** Writes a prediction's files, each named after the image, and gives their paths. */
export async function writePrediction(
  folder: string,
  name: string,
  image: RgbFile,
  prediction: Prediction,
  outputs: readonly Output[],
  options: { micronsPerPixel?: number; gzip?: boolean } = {},
): Promise<string[]> {
  const { width, height, mask, probability, labels } = prediction;
  const scale = options.micronsPerPixel === undefined ? {} : { micronsPerPixel: options.micronsPerPixel };
  const grey = (data: Uint8Array | Uint16Array, bitDepth: 8 | 16) =>
    encodePng({ width, height, channels: 1, bitDepth, data });
  const written: string[] = [];
  const write = async (ending: string, content: Parameters<typeof writeAtomic>[1]): Promise<void> => {
    const path = join(folder, `${name}${ending}`);
    await writeAtomic(path, content);
    written.push(path);
  };
  for (const output of outputs) {
    if (output === "mask")
      await write(
        "_mask.png",
        grey(
          mask.map((on) => 255 * on),
          8,
        ),
      );
    else if (output === "probability")
      await write(
        "_probability.png",
        grey(
          Uint16Array.from(probability, (p) => Math.round(65_535 * p)),
          16,
        ),
      );
    else if (output === "instances") {
      // Nothing wraps round: more labels than 16 bits hold go into a TIFF.
      if (labels.count > MAX_PNG_LABEL) await write("_instances.tif", await encodeLabelTiff(labels));
      else await write("_instances.png", await encodeLabelPng(labels));
    } else if (output === "geojson") {
      const text = writeGeoJson(nucleusFeatures(labels, scale), { namespace: name });
      if (options.gzip)
        await write(".geojson.gz", byteStream(text, { gzip: true }) as unknown as AsyncIterable<Uint8Array>);
      else await write(".geojson", text);
    } else if (output === "csv") {
      await write(
        "_nuclei.csv",
        encoded(
          measurementsCsv(measure(labels, { ...scale, image: { data: image.data, channels: 3 } }), {
            channelNames: ["Red", "Green", "Blue"],
          }),
        ),
      );
    } else if (output === "overlay") {
      const rgba = new Uint8Array(width * height * 4);
      for (let i = 0; i < width * height; i++)
        rgba.set([image.data[3 * i]!, image.data[3 * i + 1]!, image.data[3 * i + 2]!, 255], 4 * i);
      drawContours(rgba, labels);
      await write("_overlay.png", encodePng({ width, height, channels: 4, bitDepth: 8, data: rgba }));
    }
  }
  return written;
}

function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}
