import type { Box } from "@ama-sam/instances";

/** The pixels inside a closed line (even-odd, pixel centres), as a mask over its box; null for a line without area on the image. */
export function maskOfPath(
  points: readonly (readonly [number, number])[],
  width: number,
  height: number,
): { box: Box; mask: Uint8Array } | null {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x0 = Math.max(0, Math.floor(Math.min(...xs)));
  const y0 = Math.max(0, Math.floor(Math.min(...ys)));
  const box = {
    x: x0,
    y: y0,
    width: Math.min(width, Math.ceil(Math.max(...xs))) - x0,
    height: Math.min(height, Math.ceil(Math.max(...ys))) - y0,
  };
  if (points.length < 3 || box.width <= 0 || box.height <= 0) return null;
  const canvas = new OffscreenCanvas(box.width, box.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.translate(-box.x, -box.y);
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.fill("evenodd");
  const { data } = context.getImageData(0, 0, box.width, box.height);
  const mask = new Uint8Array(box.width * box.height);
  for (let i = 0; i < mask.length; i++) mask[i] = data[4 * i + 3]! > 127 ? 1 : 0;
  return { box, mask };
}
