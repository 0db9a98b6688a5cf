/** A change of the three stain concentrations: c' = c * scale + shift. Order: haematoxylin, eosin, DAB (residual). */
export interface StainChange {
  scale: readonly [number, number, number];
  shift: readonly [number, number, number];
}

/** Optical densities of pure stains (rows), Ruifrok and Johnston 2001; the third row is DAB, as in scikit-image's `rgb_from_hed`. */
const rgbFromHed: Matrix3 = [
  [0.65, 0.7, 0.29],
  [0.07, 0.99, 0.11],
  [0.27, 0.57, 0.78],
];

type Row = readonly [number, number, number];
type Matrix3 = readonly [Row, Row, Row];

function invert3([[a, b, c], [d, e, f], [g, h, i]]: Matrix3): Matrix3 {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
    [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
    [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det],
  ];
}

const hedFromRgb: Matrix3 = /* @__PURE__ */ invert3(rgbFromHed);

/** Black has no finite optical density: counts below 1 of 255 are lifted to 1, the step of the scanner. */
const darkest = 1;

/**
 * Stain jitter in the HED space (Tellez et al. 2018), in place: RGB -> optical density -> concentrations -> change -> RGB.
 *
 * @param rgb [pixels, 3] in 0 .. 255. With scale 1 and shift 0 nothing changes, except that values below 1 become 1.
 */
export function changeStain(rgb: Float32Array, { scale, shift }: StainChange): void {
  // concentrations -> change -> density is one affine map of the densities.
  const matrix = hedFromRgb.map((row) =>
    [0, 1, 2].map((out) =>
      row.reduce((sum, value, stain) => sum + value * scale[stain]! * rgbFromHed[stain]![out]!, 0),
    ),
  );
  const offset = [0, 1, 2].map((out) =>
    shift.reduce<number>((sum, value, stain) => sum + value * rgbFromHed[stain]![out]!, 0),
  );
  const [[m00, m01, m02], [m10, m11, m12], [m20, m21, m22]] = matrix as unknown as Matrix3;
  const [o0, o1, o2] = offset as unknown as Row;
  for (let i = 0; i < rgb.length; i += 3) {
    const r = -Math.log(Math.max(darkest, rgb[i]!) / 255);
    const g = -Math.log(Math.max(darkest, rgb[i + 1]!) / 255);
    const b = -Math.log(Math.max(darkest, rgb[i + 2]!) / 255);
    rgb[i] = transmitted(r * m00 + g * m10 + b * m20 + o0);
    rgb[i + 1] = transmitted(r * m01 + g * m11 + b * m21 + o1);
    rgb[i + 2] = transmitted(r * m02 + g * m12 + b * m22 + o2);
  }
}

/** Density back to light; a density below zero would be brighter than the lamp. */
const transmitted = (density: number): number => (density <= 0 ? 255 : 255 * Math.exp(-density));
