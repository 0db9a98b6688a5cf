import type { Measurement } from "./measure";

/**
 * A measurement as name -> value with the unit in the name, in the order in which tables show them: micrometres where the
 * measurement has them, else pixels. Used for GeoJSON and CSV, so both have the same columns.
 */
export function namedMeasurements(m: Measurement, channelNames?: readonly string[]): Record<string, number> {
  const named: Record<string, number> = {};
  const length = m.micrometres === undefined ? "px" : "µm";
  const area = m.micrometres === undefined ? "px" : "µm^2";
  const scaled = m.micrometres ?? m;
  named[`Centroid X ${length}`] = scaled.centroid[0];
  named[`Centroid Y ${length}`] = scaled.centroid[1];
  named[`Area ${area}`] = scaled.area;
  named[`Perimeter ${length}`] = scaled.perimeter;
  named[`Equivalent diameter ${length}`] = scaled.equivalentDiameter;
  named.Eccentricity = m.eccentricity;
  named.Solidity = m.solidity;
  m.meanIntensity?.forEach((mean, c) => {
    named[`${channelNames?.[c] ?? `Channel ${c + 1}`}: Mean`] = mean;
  });
  return named;
}
