import { type RefArray, refArray } from "../../op/reference";
import type { Shape } from "../../tensor/shape";
import { linearAxis, nearestSource } from "./axis";

/** The two pixels of an output along one axis, and the weight of the second. */
function neighbours(size: number, outputs: number, alignCorners: boolean): [number, number, number][] {
  const { scale, shift, unit } = linearAxis(size, outputs, alignCorners);
  return Array.from({ length: outputs }, (_, o) => {
    const source = Math.min(Math.max((o * scale + shift) / unit, 0), size - 1);
    const low = Math.floor(source);
    return [low, Math.min(low + 1, size - 1), source - low];
  });
}

export function interpolateBilinearRef(
  { x }: { x: RefArray },
  { size, alignCorners = false }: { size: Shape; alignCorners?: boolean },
): RefArray {
  const [batch, channels, h, w] = x.shape;
  const y = refArray([batch, channels, size[0], size[1]]);
  const [rows, cols] = [neighbours(h, size[0], alignCorners), neighbours(w, size[1], alignCorners)];
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (const [y0, y1, wy] of rows)
      for (const [x0, x1, wx] of cols) {
        const value = (row: number, col: number) => x.data[(plane * h + row) * w + col];
        y.data[at++] =
          (1 - wy) * ((1 - wx) * value(y0, x0) + wx * value(y0, x1)) +
          wy * ((1 - wx) * value(y1, x0) + wx * value(y1, x1));
      }
  return y;
}

export function interpolateNearestRef({ x }: { x: RefArray }, { size }: { size: Shape }): RefArray {
  const [batch, channels, h, w] = x.shape;
  const [ho, wo] = size;
  const y = refArray([batch, channels, ho, wo]);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let oy = 0; oy < ho; oy++)
      for (let ox = 0; ox < wo; ox++)
        y.data[at++] = x.data[(plane * h + nearestSource(oy, h, ho)) * w + nearestSource(ox, w, wo)];
  return y;
}
