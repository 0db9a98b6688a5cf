export { binarize, type ForegroundMap } from "./binarize";
export { byteStream } from "./byte-stream";
export { type CocoAnnotation, cocoAnnotations } from "./coco-annotations";
export { type CocoRle, type DecodedMask, decodeCocoRle, encodeCocoRle } from "./coco-rle";
export { components } from "./components";
export { connectedComponents } from "./connected-components";
export { type Contour, contours } from "./contours";
export { distanceTransform } from "./distance-transform";
export { drawContours, instanceColor, type Rgb } from "./draw-contours";
export { InstancesError } from "./errors";
export { fillHoles } from "./fill-holes";
export { findInstances, type InstanceTable } from "./find-instances";
export type { ForegroundOptions } from "./foreground";
export { type GeoJsonReadOptions, readGeoJson } from "./geojson-read";
export { type GeoJsonOptions, writeGeoJson } from "./geojson-write";
export { hMaxima } from "./h-maxima";
export type { Connectivity, ImageSize, LabelInput, LabelMap } from "./label-map";
export { encodeLabelPng } from "./label-png";
export { encodeLabelTiff } from "./label-tiff";
export { type DrawnLabels, labelsFromGeoJson } from "./labels-from-geojson";
export { markerWatershed } from "./marker-watershed";
export {
  type IntensityImage,
  type Measurement,
  type MeasureOptions,
  measure,
  type PhysicalMeasurements,
} from "./measure";
export { measurementsCsv } from "./measurements-csv";
export { mergeSmallRegions } from "./merge-small-regions";
export { type LabelledTile, type MergeOptions, mergeTiles } from "./merge-tiles";
export { namedMeasurements } from "./named-measurements";
export { type Classification, type FeatureOptions, type NucleusFeature, nucleusFeatures } from "./nucleus-feature";
export { type Polygon, type Ring, signedArea } from "./polygon";
export { relabel } from "./relabel";
export { removeSmallObjects } from "./remove-small-objects";
export type { FileSource } from "./text-pieces";
export { type Box, cropTile, type Tile, tileGrid } from "./tile-grid";
export { type WatershedOptions, watershed } from "./watershed";
