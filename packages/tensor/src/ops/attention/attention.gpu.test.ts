import { opSuite } from "@ama-sam/testing";
import { attentionOp } from "./attention";
import { qkvAttentionOp } from "./qkv-attention";
import { relPosAttentionOp } from "./rel-pos-attention";

const s = (...shape: number[]) => ({ shape });
const qkv = (b: number, a: number, nq: number, nk: number, d: number) => ({
  q: s(b, a, nq, d),
  k: s(b, a, nk, d),
  v: s(b, a, nk, d),
});
const rel = (b: number, a: number, H: number, W: number, d: number) => ({
  inputs: { ...qkv(b, a, H * W, H * W, d), relPosH: s(2 * H - 1, d), relPosW: s(2 * W - 1, d) },
  attrs: { H, W },
});

opSuite(attentionOp, [
  { inputs: qkv(1, 1, 1, 1, 1) },
  { inputs: qkv(2, 3, 7, 13, 3) },
  { inputs: qkv(1, 2, 9, 5, 14), attrs: { scale: 0.3 } },
  { inputs: qkv(2, 2, 33, 17, 64) },
  { inputs: { ...qkv(1, 2, 5, 40, 8), k: { shape: [1, 2, 40, 8], grad: false } } },
]);

opSuite(relPosAttentionOp, [rel(1, 2, 3, 5, 5), rel(2, 1, 1, 7, 8), rel(2, 2, 6, 4, 16)]);

opSuite(qkvAttentionOp, [
  { inputs: { qkv: s(2, 11, 3 * 2 * 5), relPosH: null, relPosW: null }, attrs: { heads: 2 } },
  {
    inputs: { qkv: s(3, 15, 3 * 2 * 8), relPosH: { ...s(9, 8), grad: false }, relPosW: s(5, 8) },
    attrs: { heads: 2, H: 5, W: 3 },
  },
]);
