/** Colours of a haematoxylin-stained section: nuclei, and what is around them. */
const INK = [90, 40, 140] as const;
const GROUND = [205, 205, 215] as const;

/** Parts of the pixels that are darker than the ground and than the ink. */
const GROUND_PERCENTILE = 0.2;
const INK_PERCENTILE = 0.995;

/**
 * Bright nuclei on a dark ground as a stained section: what a model of purple nuclei should see of fluorescence. The 20th percentile of
 * brightness (the largest channel) becomes the ground, the 99.5th the ink, everything between a mixture.
 *
 * @param rgb [pixels, 3] in 0 .. 255; stays as it is
 */
export function recolorAsStained(rgb: Uint8Array): Uint8Array {
  const pixels = rgb.length / 3;
  const counts = new Uint32Array(256);
  const brightness = new Uint8Array(pixels);
  for (let p = 0; p < pixels; p++) {
    brightness[p] = Math.max(rgb[3 * p]!, rgb[3 * p + 1]!, rgb[3 * p + 2]!);
    counts[brightness[p]!]!++;
  }
  const percentile = (part: number): number => {
    let below = 0;
    for (let value = 0; value < 256; value++) if ((below += counts[value]!) > part * pixels) return value;
    return 255;
  };
  const low = percentile(GROUND_PERCENTILE);
  const high = Math.max(low + 1, percentile(INK_PERCENTILE));
  const out = new Uint8Array(rgb.length);
  for (let p = 0, i = 0; p < pixels; p++) {
    const share = Math.min(1, Math.max(0, (brightness[p]! - low) / (high - low)));
    for (let c = 0; c < 3; c++) out[i++] = Math.round(GROUND[c]! + (INK[c]! - GROUND[c]!) * share);
  }
  return out;
}
