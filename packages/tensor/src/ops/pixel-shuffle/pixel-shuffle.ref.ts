import { type RefArray, refArray } from "../../op/reference";

/** Index in the deep layout [C r r, h, w] of every element of the wide one [C, h r, w r], images one after the other. */
function deepIndex(batch: number, c: number, h: number, w: number, r: number): Uint32Array {
  const index = new Uint32Array(batch * c * h * w * r * r);
  let at = 0;
  for (let plane = 0; plane < batch * c; plane++)
    for (let y = 0; y < h * r; y++)
      for (let x = 0; x < w * r; x++) {
        const channel = (plane * r + (y % r)) * r + (x % r);
        index[at++] = (channel * h + Math.floor(y / r)) * w + Math.floor(x / r);
      }
  return index;
}

export function pixelShuffleRef({ x }: { x: RefArray }, { r }: { r: number }): RefArray {
  const [batch, deep, h, w] = x.shape;
  const y = refArray([batch, deep / (r * r), h * r, w * r]);
  deepIndex(batch, deep / (r * r), h, w, r).forEach((from, at) => {
    y.data[at] = x.data[from];
  });
  return y;
}

export function pixelUnshuffleRef({ x }: { x: RefArray }, { r }: { r: number }): RefArray {
  const [batch, c, h, w] = x.shape;
  const y = refArray([batch, c * r * r, h / r, w / r]);
  deepIndex(batch, c, h / r, w / r, r).forEach((to, at) => {
    y.data[to] = x.data[at];
  });
  return y;
}
