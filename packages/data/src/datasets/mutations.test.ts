import { describe, expect, it } from "vitest";
import {
  featureCollection,
  imagePng,
  imageScopeXml,
  json,
  labelPng,
  polygonGeometry,
  squareRing,
  twoTouching,
} from "../../test-support/trees";
import { buildMat } from "../decode/fixtures/mat-builder";
import { buildNpy } from "../decode/fixtures/npy-builder";
import { DataError } from "../errors";
import { memorySource } from "../source/file-source";
import { randomStream } from "../transform/rng";
import { openDataset } from "./open-dataset";

const annotations: Record<string, Uint8Array> = {
  "labels/a.png": labelPng(twoTouching),
  "labels/a.npy": buildNpy({ descr: "<u2", shape: [3, 4], data: twoTouching.flat() }),
  "labels/a.mat": buildMat([
    {
      name: "inst_map",
      dims: [3, 4],
      className: "double",
      stored: "u8",
      data: new Array(12).fill(2),
      compressed: true,
    },
  ]),
  "labels/a.xml": imageScopeXml([
    [0, 0, 3, 0, 3, 3],
    [1, 1, 4, 1, 4, 3],
  ]),
  "labels/a.geojson": json(featureCollection(polygonGeometry(squareRing(0, 0, 3), squareRing(1, 1, 1)))),
};

/** Damages a file: some bytes changed, or cut. */
function damaged(bytes: Uint8Array, seed: number): Uint8Array {
  const random = randomStream(seed, 99);
  const copy = bytes.slice(0, random.below(4) === 0 ? random.below(bytes.length + 1) : bytes.length);
  for (let n = random.below(6); n > 0 && copy.length > 0; n--) copy[random.below(copy.length)] = random.below(256);
  return copy;
}

describe("damaged files", () => {
  it.each(Object.keys(annotations))(
    "%s: a valid sample or a DataError with its path, 500 times and every prefix",
    async (path) => {
      const image = imagePng(4, 3);
      const bytes = annotations[path]!;
      const variants = [
        ...Array.from({ length: 500 }, (_, seed) => damaged(bytes, seed)),
        ...Array.from(bytes.subarray(0, 400), (_, end) => bytes.subarray(0, end)),
      ];
      let refused = 0;
      for (const variant of variants) {
        const dataset = await openDataset(memorySource({ "images/a.png": image, [path]: variant }), {
          format: "folder",
        });
        try {
          const sample = await dataset.items[0]!.load();
          expect(sample.labels).toHaveLength(12);
        } catch (error) {
          if (!DataError.isInstance(error)) throw error;
          expect(error.path).toBe(path);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    },
  );
});
