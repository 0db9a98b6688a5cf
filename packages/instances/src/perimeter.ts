const DIAGONAL = Math.SQRT2;
const MIXED = (1 + Math.SQRT2) / 2;

/**
 * Perimeter in pixels of a mask `[height, width]` (not 0), from the pattern around every border pixel (a pixel with background
 * above, below, left or right): steps of 1 and sqrt 2 through their centres. A single pixel has perimeter 0.
 * Source: Benkrid & Crookes 2000; `skimage.measure.perimeter(mask, neighborhood=4)`.
 */
export function perimeterOf(mask: ArrayLike<number>, width: number, height: number): number {
  // Two pixels of background all round save the bounds checks.
  const w = width + 4;
  const inside = new Uint8Array(w * (height + 4));
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) if (mask[i] !== 0) inside[(y + 2) * w + x + 2] = 1;
  const border = new Uint8Array(inside.length);
  for (let i = w; i < inside.length - w; i++)
    if (inside[i] === 1 && !(inside[i - 1] && inside[i + 1] && inside[i - w] && inside[i + w])) border[i] = 1;
  let total = 0;
  for (let i = w + 1; i < border.length - w - 1; i++) {
    if (border[i] === 0) continue;
    const edges = border[i - 1]! + border[i + 1]! + border[i - w]! + border[i + w]!;
    const corners = border[i - w - 1]! + border[i - w + 1]! + border[i + w - 1]! + border[i + w + 1]!;
    switch (1 + 2 * edges + 10 * corners) {
      case 5:
      case 7:
      case 15:
      case 17:
      case 25:
      case 27:
        total += 1;
        break;
      case 21:
      case 33:
        total += DIAGONAL;
        break;
      case 13:
      case 23:
        total += MIXED;
        break;
    }
  }
  return total;
}
