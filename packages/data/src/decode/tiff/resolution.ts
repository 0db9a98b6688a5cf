import { plausibleMicrons } from "../raster";
import { Tag, type TiffDirectory } from "./directory";

/** Micrometres of the length units that ImageJ and OME-XML write. */
const UNIT_MICRONS: Record<string, number> = {
  micron: 1,
  microns: 1,
  micrometer: 1,
  micrometre: 1,
  um: 1,
  µm: 1,
  μm: 1,
  "\\u00b5m": 1,
  nm: 1e-3,
  mm: 1e3,
  cm: 1e4,
  inch: 25_400,
};
const RESOLUTION_UNIT_MICRONS: Record<number, number> = { 2: 25_400, 3: 10_000 };

/**
 * Pixel size in micrometres: from the description (Aperio `MPP`, OME-XML `PhysicalSizeX`, ImageJ `unit`) or from the
 * resolution tags; undefined where the unit is missing, the axes differ by over 1 %, or the value suits a screen only.
 */
export function readMicronsPerPixel(directory: TiffDirectory): number | undefined {
  const text = directory.text(Tag.ImageDescription)?.slice(0, 65_536) ?? "";
  const aperio = /\|\s*MPP\s*=\s*([0-9.]{1,20})/.exec(text);
  if (aperio) return plausibleMicrons(Number(aperio[1]));
  const ome = /\bPhysicalSizeX="([0-9.eE+-]{1,30})"/.exec(text);
  if (ome) {
    const unit = /\bPhysicalSizeXUnit="([^"]{1,12})"/.exec(text)?.[1] ?? "µm";
    return plausibleMicrons(Number(ome[1]) * (UNIT_MICRONS[unit.toLowerCase()] ?? Number.NaN));
  }
  const x = directory.rational(Tag.XResolution);
  const y = directory.rational(Tag.YResolution) ?? x;
  if (x === undefined || y === undefined || !(x > 0) || Math.abs(x - y) > 0.01 * x) return undefined;
  const imageJ = text.startsWith("ImageJ=") ? /^unit=(.{1,20})$/m.exec(text)?.[1]?.trim().toLowerCase() : undefined;
  const micronsPerUnit =
    imageJ === undefined ? RESOLUTION_UNIT_MICRONS[directory.integer(Tag.ResolutionUnit, 2)] : UNIT_MICRONS[imageJ];
  return plausibleMicrons(micronsPerUnit === undefined ? undefined : micronsPerUnit / x);
}
