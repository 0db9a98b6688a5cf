import { contourOf } from "./contours";
import { InstancesError } from "./errors";
import { findInstances } from "./find-instances";
import { expectAtLeast, type LabelInput } from "./label-map";
import { type IntensityImage, type Measurement, measure } from "./measure";
import { namedMeasurements } from "./named-measurements";
import type { Polygon } from "./polygon";
import { simplifyPolygons } from "./simplify";

/** A class as QuPath shows it. */
export interface Classification {
  readonly name: string;
  /** Red, green, blue, each 0 to 255. */
  readonly color?: readonly [number, number, number];
}

/** A nucleus as it is written to and read from GeoJSON. */
export interface NucleusFeature {
  /** The id in the label map; 0 where a file names none. */
  readonly id: number;
  readonly polygons: readonly Polygon[];
  readonly classification?: Classification;
  /** Name -> value, as in QuPath's measurement table; values that are not finite are not written. */
  readonly measurements?: Readonly<Record<string, number>>;
}

/** What goes into the features besides the outlines. */
export interface FeatureOptions {
  /** Adds area, perimeter, ... of each nucleus. Default true. */
  measurements?: boolean;
  /** Adds mean intensities; `channelNames` names them (default "Channel 1", ...). */
  image?: IntensityImage;
  channelNames?: readonly string[];
  /** Gives lengths in micrometres instead of pixels. */
  micronsPerPixel?: number;
  /** The class of every nucleus, or of each. */
  classification?: Classification | ((nucleus: Measurement) => Classification | undefined);
  /** As in `contours`; 0 (default) keeps every pixel. */
  simplify?: number;
}

/**
 * The nuclei of a label map as features, ids ascending, made one at a time while `writeGeoJson` asks for them.
 *
 * @throws InstancesError if an array does not fill the image, a label is negative, or an option is out of range
 */
export function* nucleusFeatures(map: LabelInput, options: FeatureOptions = {}): Generator<NucleusFeature> {
  const { image, channelNames, micronsPerPixel, classification, simplify = 0 } = options;
  expectAtLeast("nucleusFeatures", "simplify", simplify, 0);
  const channels = image?.channels ?? 0;
  if (channelNames !== undefined && channelNames.length !== channels)
    throw new InstancesError(
      "nucleusFeatures",
      "channelNames does not name every channel",
      `${channelNames.length} names for ${channels} channels`,
      "one name per channel",
    );
  const withMeasurements = options.measurements ?? true;
  const table = findInstances(map);
  const numbers =
    withMeasurements || typeof classification === "function"
      ? measure(map, { table, ...(image && { image }), ...(micronsPerPixel !== undefined && { micronsPerPixel }) })
      : undefined;
  for (let k = 0; k < table.ids.length; k++) {
    const exact = contourOf(map, table, k);
    const measurement = numbers?.next().value as Measurement | undefined;
    const named = typeof classification === "function" ? classification(measurement!) : classification;
    yield {
      id: table.ids[k]!,
      polygons: simplify > 0 ? simplifyPolygons(exact, simplify) : exact,
      ...(named === undefined ? {} : { classification: named }),
      ...(withMeasurements ? { measurements: namedMeasurements(measurement!, channelNames) } : {}),
    };
  }
}
