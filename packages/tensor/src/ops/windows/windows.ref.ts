import { type RefArray, refArray } from "../../op/reference";
import type { Shape } from "../../tensor/shape";

/** Calls `visit` with the position of each of the image's elements in the image and in its windows. */
function walk(b: number, [h, w, c]: Shape, s: number, visit: (image: number, window: number) => void): void {
  const [nh, nw] = [Math.ceil(h / s), Math.ceil(w / s)];
  for (let n = 0; n < b; n++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++)
        for (let k = 0; k < c; k++) {
          const at = (n * nh + Math.floor(i / s)) * nw + Math.floor(j / s);
          visit(((n * h + i) * w + j) * c + k, ((at * s + (i % s)) * s + (j % s)) * c + k);
        }
}

export function windowPartitionRef({ x }: { x: RefArray }, { window }: { window: number }): RefArray {
  const [b, h, w, c] = x.shape;
  const y = refArray([b * Math.ceil(h / window) * Math.ceil(w / window), window, window, c]);
  walk(b, [h, w, c], window, (image, at) => {
    y.data[at] = x.data[image];
  });
  return y;
}

export function windowUnpartitionRef(
  { x }: { x: RefArray },
  { window, size: [h, w] }: { window: number; size: Shape },
): RefArray {
  const c = x.shape[3];
  const b = x.shape[0] / (Math.ceil(h / window) * Math.ceil(w / window));
  const y = refArray([b, h, w, c]);
  walk(b, [h, w, c], window, (image, at) => {
    y.data[image] = x.data[at];
  });
  return y;
}
