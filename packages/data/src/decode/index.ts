export { decodeImage } from "./decode-image";
export { encodePng } from "./encode-png";
export { DecodeError, type DecodeErrorCode } from "./errors";
export { type GeoJsonAnnotations, type GeoJsonOptions, type GeoJsonRegion, readGeoJson } from "./geojson";
export {
  type ImageScopeAnnotations,
  type ImageScopeOptions,
  type ImageScopeRegion,
  readImageScopeXml,
} from "./imagescope-xml";
export { decodeJpeg } from "./jpeg";
export { listMatVariables, type MatOptions, type MatVariable, readMat } from "./mat";
export { type NpyArray, readNpy } from "./npy";
export { decodePng } from "./png";
export { DEFAULT_MAX_PIXELS, type DecodeOptions, type Raster } from "./raster";
export { type Outline, type RasterizedRegions, rasterizeRegions } from "./rasterize-regions";
export { type SniffedFormat, sniffFormat } from "./sniff";
export { decodeTiff } from "./tiff/tiff";
