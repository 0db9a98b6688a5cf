import { cropMask } from "./contours";
import { hullArea } from "./convex-hull";
import { InstancesError } from "./errors";
import { findInstances, type InstanceTable } from "./find-instances";
import type { LabelInput } from "./label-map";
import { perimeterOf } from "./perimeter";

/** An image to take intensities from: row-major `[height, width, channels]`, of the label map's size. */
export interface IntensityImage {
  readonly data: ArrayLike<number>;
  /** Values per pixel, e.g. 3 for RGB. */
  readonly channels: number;
}

/** Lengths in micrometres and areas in square micrometres. */
export interface PhysicalMeasurements {
  readonly area: number;
  readonly perimeter: number;
  readonly centroid: readonly [x: number, y: number];
  readonly boundingBox: readonly [x0: number, y0: number, x1: number, y1: number];
  readonly equivalentDiameter: number;
}

/** One nucleus in numbers; lengths in pixels, areas in pixels. */
export interface Measurement {
  readonly id: number;
  /** Number of pixels. */
  readonly area: number;
  /** Length of the outline through the centres of the border pixels (Benkrid & Crookes 2000, as `skimage.measure.perimeter`). */
  readonly perimeter: number;
  /** Mean of the pixel centres (column + 0.5, row + 0.5): the frame of the contours and of QuPath; skimage's plus 0.5. */
  readonly centroid: readonly [x: number, y: number];
  /** First column and row, and column and row after the last. */
  readonly boundingBox: readonly [x0: number, y0: number, x1: number, y1: number];
  /** Of the ellipse with the same second moments, 0 (circle) to 1 (line); as skimage's `eccentricity`. */
  readonly eccentricity: number;
  /** Area over the area of the convex hull of its pixel squares, 0 to 1; as QuPath's `Solidity`. */
  readonly solidity: number;
  /** Diameter of the circle of the same area. */
  readonly equivalentDiameter: number;
  /** Mean per channel of the image that was given. */
  readonly meanIntensity?: readonly number[];
  /** The lengths and areas in micrometres, if the size of a pixel was given. */
  readonly micrometres?: PhysicalMeasurements;
}

/** What `measure` may use besides the labels. */
export interface MeasureOptions {
  image?: IntensityImage;
  /** Side of a (square) pixel in micrometres, e.g. 0.25 at 40x. Never guessed. */
  micronsPerPixel?: number;
  /** The table of the same map, if there is one already. */
  table?: InstanceTable;
}

/**
 * Measures the nuclei of a label map one at a time, ids ascending, so that a million of them need no memory:
 * `[...measure(map)]` or `for (const nucleus of measure(map))`.
 *
 * @throws InstancesError if an array does not fill the image, a label is negative, or `micronsPerPixel` is not positive
 */
export function* measure(map: LabelInput, options: MeasureOptions = {}): Generator<Measurement> {
  const { image, micronsPerPixel: mpp, table = findInstances(map) } = options;
  expectOptions(map, options);
  for (let k = 0; k < table.ids.length; k++) {
    const [x0, y0, x1, y1] = [table.x0[k]!, table.y0[k]!, table.x1[k]!, table.y1[k]!];
    const mask = cropMask(map, table, k);
    const area = table.area[k]!;
    const moments = momentsOf(mask, x1 - x0, area);
    const centroid = [x0 + moments.x + 0.5, y0 + moments.y + 0.5] as const;
    const boundingBox = [x0, y0, x1, y1] as const;
    const perimeter = perimeterOf(mask, x1 - x0, y1 - y0);
    const equivalentDiameter = Math.sqrt((4 * area) / Math.PI);
    yield {
      id: table.ids[k]!,
      area,
      perimeter,
      centroid,
      boundingBox,
      eccentricity: moments.eccentricity,
      solidity: area / hullArea(mask, x1 - x0, y1 - y0),
      equivalentDiameter,
      ...(image === undefined ? {} : { meanIntensity: meansOf(mask, image, map.width, x0, y0, x1, area) }),
      ...(mpp === undefined
        ? {}
        : {
            micrometres: {
              area: area * mpp * mpp,
              perimeter: perimeter * mpp,
              centroid: [centroid[0] * mpp, centroid[1] * mpp] as const,
              boundingBox: [x0 * mpp, y0 * mpp, x1 * mpp, y1 * mpp] as const,
              equivalentDiameter: equivalentDiameter * mpp,
            },
          }),
    };
  }
}

function expectOptions(map: LabelInput, { image, micronsPerPixel: mpp }: MeasureOptions): void {
  if (mpp !== undefined && !(mpp > 0 && mpp < Number.POSITIVE_INFINITY))
    throw new InstancesError("measure", "micronsPerPixel is no size", String(mpp), "micrometres above 0, e.g. 0.25");
  if (image === undefined) return;
  const { channels, data } = image;
  if (!Number.isInteger(channels) || channels < 1 || data.length !== map.width * map.height * channels)
    throw new InstancesError(
      "measure",
      "the image does not fit the labels",
      `${data.length} values of ${channels} channels for ${map.width} x ${map.height}`,
      "width * height * channels values",
    );
}

/** Centroid (pixel indices inside the box) and eccentricity from central second moments. */
function momentsOf(mask: Uint8Array, width: number, area: number): { x: number; y: number; eccentricity: number } {
  let sx = 0;
  let sy = 0;
  for (let i = 0; i < mask.length; i++)
    if (mask[i] === 1) {
      sx += i % width;
      sy += Math.floor(i / width);
    }
  const x = sx / area;
  const y = sy / area;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < mask.length; i++)
    if (mask[i] === 1) {
      const dx = (i % width) - x;
      const dy = Math.floor(i / width) - y;
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
  const mid = (xx + yy) / 2;
  const spread = Math.sqrt(((xx - yy) / 2) ** 2 + xy * xy);
  const major = mid + spread;
  // Rounding may leave a line's minor moment a hair below 0.
  const minor = Math.max(0, mid - spread);
  return { x, y, eccentricity: major === 0 ? 0 : Math.sqrt(1 - minor / major) };
}

function meansOf(
  mask: Uint8Array,
  { data, channels }: IntensityImage,
  imageWidth: number,
  x0: number,
  y0: number,
  x1: number,
  area: number,
): number[] {
  const sums = new Array<number>(channels).fill(0);
  const width = x1 - x0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const at = ((y0 + Math.floor(i / width)) * imageWidth + x0 + (i % width)) * channels;
    for (let c = 0; c < channels; c++) sums[c]! += data[at + c]!;
  }
  return sums.map((sum) => sum / area);
}
