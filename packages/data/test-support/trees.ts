import { encodePng, type Raster } from "../src/decode";

/** An 8-bit RGB image whose pixel (x, y) is (x, y, mark), so that any resampling can be read off it. */
export function coordinateImage(width: number, height: number, mark = 0): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) data.set([x & 255, y & 255, mark], i);
  }
  return { width, height, channels: 3, bitDepth: 8, data };
}

/** PNG bytes of `coordinateImage`. */
export const imagePng = (width: number, height: number, mark = 0): Uint8Array =>
  encodePng(coordinateImage(width, height, mark));

/** PNG bytes of a grey 8- or 16-bit label map given as rows. */
export function labelPng(rows: readonly (readonly number[])[], bitDepth: 8 | 16 = 16): Uint8Array {
  const flat = rows.flat();
  const data = bitDepth === 8 ? Uint8Array.from(flat) : Uint16Array.from(flat);
  return encodePng({ width: rows[0]!.length, height: rows.length, channels: 1, bitDepth, data });
}

/** An ImageScope file with one region per list of x, y pairs. */
export function imageScopeXml(regions: readonly (readonly number[])[], attributes = ""): Uint8Array {
  const body = regions.map((points, i) => {
    const vertices = points.flatMap((x, k) => (k % 2 ? [] : [`<Vertex X="${x}" Y="${points[k + 1]}"/>`]));
    return `<Region Id="${i * 3}"><Vertices>${vertices.join("")}</Vertices></Region>`;
  });
  return new TextEncoder().encode(
    `<Annotations${attributes}><Annotation><Regions>${body.join("")}</Regions></Annotation></Annotations>`,
  );
}

/** UTF-8 bytes of a value as JSON. */
export const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A 4 x 3 map with two nuclei that touch, the second with an id after a gap. */
export const twoTouching = [
  [0, 1, 7, 0],
  [0, 1, 7, 0],
  [0, 0, 0, 0],
] as const;

/** A closed square ring from (x, y). */
export const squareRing = (x: number, y: number, side: number): number[][] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];

/** A GeoJSON geometry: one polygon of an exterior ring and holes. */
export const polygonGeometry = (...rings: number[][][]): object => ({ type: "Polygon", coordinates: rings });

/** A GeoJSON FeatureCollection of geometries, as a value. */
export const featureCollection = (...geometries: unknown[]): object => ({
  type: "FeatureCollection",
  features: geometries.map((geometry) => ({
    type: "Feature",
    id: "a3",
    geometry,
    properties: { objectType: "detection" },
  })),
});
