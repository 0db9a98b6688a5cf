import type { View } from "./view";

/** A line that is being drawn, in image pixels. */
export interface Sketch {
  points: readonly (readonly [number, number])[];
  closed: boolean;
}

/** Draws a sketch over a frame, readable on light and dark. */
export function sketchCanvas(canvas: HTMLCanvasElement, view: View, { points, closed }: Sketch): void {
  const context = canvas.getContext("2d");
  if (!context || points.length < 2) return;
  const ratio = canvas.width / Math.max(1, canvas.clientWidth);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const [style, width] of [
    ["#000a", 4],
    ["#ffe600", 2],
  ] as const) {
    context.beginPath();
    points.forEach(([x, y], i) => {
      const [sx, sy] = [(x - view.x) * view.scale, (y - view.y) * view.scale];
      if (i === 0) context.moveTo(sx, sy);
      else context.lineTo(sx, sy);
    });
    if (closed) context.closePath();
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
}
