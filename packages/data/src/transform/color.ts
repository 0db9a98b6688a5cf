/** Factors of a colour change; 1, 1, 1, 0 change nothing. */
export interface ColorChange {
  /** Multiplies every channel. */
  brightness: number;
  /** Scales the distance from the image's mean grey. */
  contrast: number;
  /** Scales the distance from the pixel's own grey. */
  saturation: number;
  /** Turn of the hue in fractions of a full circle, about the grey axis. */
  hue: number;
}

/** ITU-R BT.601 luma, as torchvision and PIL. */
const luma = [0.299, 0.587, 0.114] as const;

/**
 * Brightness, contrast, saturation and hue in this order, in place, clamped to 0 .. 255 at the end.
 *
 * @param rgb [pixels, 3] in 0 .. 255
 *
 * The hue is turned in YIQ, which is linear: no division by a chroma that may be zero.
 */
export function changeColor(rgb: Float32Array, { brightness, contrast, saturation, hue }: ColorChange): void {
  let grey = 0;
  for (let i = 0; i < rgb.length; i += 3) grey += luma[0] * rgb[i]! + luma[1] * rgb[i + 1]! + luma[2] * rgb[i + 2]!;
  const mean = (brightness * grey) / Math.max(1, rgb.length / 3);
  const offset = mean * (1 - contrast);
  const gain = brightness * contrast;
  const cos = Math.cos(2 * Math.PI * hue) * saturation;
  const sin = Math.sin(2 * Math.PI * hue) * saturation;
  for (let i = 0; i < rgb.length; i += 3) {
    const r = rgb[i]! * gain + offset;
    const g = rgb[i + 1]! * gain + offset;
    const b = rgb[i + 2]! * gain + offset;
    const y = luma[0] * r + luma[1] * g + luma[2] * b;
    const inPhase = 0.735514 * (r - y) - 0.267962 * (b - y);
    const quadrature = 0.477648 * (r - y) + 0.412626 * (b - y);
    const turnedI = inPhase * cos - quadrature * sin;
    const turnedQ = inPhase * sin + quadrature * cos;
    // The inverse of the two lines above, and green from the luma equation.
    const red = (0.412626 * turnedI + 0.267962 * turnedQ) / yiqDeterminant;
    const blue = (-0.477648 * turnedI + 0.735514 * turnedQ) / yiqDeterminant;
    rgb[i] = clamp(y + red);
    rgb[i + 1] = clamp(y - (luma[0] * red + luma[2] * blue) / luma[1]);
    rgb[i + 2] = clamp(y + blue);
  }
}

const yiqDeterminant = 0.735514 * 0.412626 + 0.267962 * 0.477648;

const clamp = (value: number): number => Math.max(0, Math.min(255, value));
