import { cgrl, domainLoss, grl } from "@ama-sam/cgrl";
import { hrSlices } from "@ama-sam/hr-decoder";
import { fourierEncoding } from "@ama-sam/sam-decoder";
import {
  add,
  attention,
  cat,
  conv2d,
  convTranspose2d,
  diceFocalLoss,
  diceFocalLossWithLogits,
  div,
  embedding,
  gelu,
  interpolateBilinear,
  interpolateNearest,
  layerNorm,
  layerNorm2d,
  linear,
  matmul,
  maxPool2d,
  mean,
  mul,
  pad,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  qkvAttention,
  relPosAttention,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  windowPartition,
  windowUnpartition,
} from "@ama-sam/tensor";

type Inputs = Record<string, Tensor>;
// biome-ignore lint/suspicious/noExplicitAny: a manifest's attributes differ by op
type Attrs = any;
type Run = (t: Inputs, a: Attrs) => Tensor;

/** SAM's attention layer: qkv, streaming attention with relative positions, projection; with a window, on zero-padded windows. */
function vitAttention(t: Inputs, { heads, window }: { heads: number; window: number }): Tensor {
  const [B, H, W, C] = t.x.shape;
  const x = window ? windowPartition(t.x, window) : t.x;
  const [n, h, w] = x.shape;
  const qkv = linear(reshape(x, [n, h * w, C]), t["qkv.weight"], t["qkv.bias"]);
  const y = linear(
    qkvAttention(qkv, { heads, relPos: { h: t.rel_pos_h, w: t.rel_pos_w, H: h, W: w } }),
    t["proj.weight"],
    t["proj.bias"],
  );
  return window ? windowUnpartition(reshape(y, [n, h, w, C]), window, [H, W]) : reshape(y, [B, H, W, C]);
}

/** How every op of the golden set runs here; its name is the manifest's `op`. */
export const OPS: Record<string, Run> = {
  linear: (t) => linear(t.x, t.weight, t.bias ?? null),
  matmul: (t, a) => matmul(t.a, t.b, { transposeA: a.transpose_a, transposeB: a.transpose_b }),
  layer_norm: (t, a) => layerNorm(t.x, t.weight, t.bias, { eps: a.eps }),
  layer_norm_2d: (t, a) => layerNorm2d(t.x, t.weight, t.bias, { eps: a.eps }),
  gelu: (t) => gelu(t.x),
  relu: (t) => relu(t.x),
  sigmoid: (t) => sigmoid(t.x),
  softmax: (t) => softmax(t.x),
  conv2d: (t, a) => conv2d(t.x, t.weight, t.bias ?? null, { stride: a.stride, padding: a.padding }),
  conv_transpose2d: (t, a) => convTranspose2d(t.x, t.weight, t.bias ?? null, { stride: a.stride }),
  max_pool2d: (t, a) => maxPool2d(t.x, a.kernel),
  resize_bilinear: (t, a) => interpolateBilinear(t.x, a.size, { alignCorners: a.align_corners }),
  resize_nearest: (t, a) => interpolateNearest(t.x, a.size),
  pixel_shuffle: (t, a) => pixelShuffle(t.x, a.r),
  pixel_unshuffle: (t, a) => pixelUnshuffle(t.x, a.r),
  hr_slices: (t) => hrSlices(t.feature, t.w),
  rel_pos_attention: (t, a) => relPosAttention(t.q, t.k, t.v, t.rel_pos_h, t.rel_pos_w, { H: a.H, W: a.W }),
  vit_attention: vitAttention,
  window_partition: (t, a) => windowPartition(t.x, a.window),
  window_unpartition: (t, a) => windowUnpartition(t.x, a.window, [a.H, a.W]),
  attention: (t) => attention(t.q, t.k, t.v),
  dice_focal: (t, a) => diceFocalLoss(t.p, t.t, { weight: a.weight, smooth: a.smooth }),
  dice_focal_logits: (t, a) => diceFocalLossWithLogits(t.z, t.t, { weight: a.weight, smooth: a.smooth }),
  domain_bce: (t, a) => domainLoss(t.logit, t.is_primary, { primary: a.w_main, auxiliary: a.w_aux }),
  cgrl: (t, a) => cgrl(t.x, t.is_primary, a.lambda),
  grl: (t, a) => grl(t.x, a.lambda),
  embedding: (t) => embedding(t.weight, t.idx),
  cat: (t, a) => cat([t.a, t.b, t.c], a.dim),
  slice: (t, a) => slice(t.x, a.dim, a.start, a.end),
  permute: (t, a) => permute(t.x, a.dims),
  add: (t) => add(t.a, t.b),
  sub: (t) => sub(t.a, t.b),
  mul: (t) => mul(t.a, t.b),
  div: (t) => div(t.a, t.b),
  sum: (t, a) => sum(t.x, { dims: a.dims, keepdim: a.keepdim }),
  mean: (t, a) => mean(t.x, { dims: a.dims, keepdim: a.keepdim }),
  pad: (t, a) => pad(t.x, a.pads),
  fourier_pe: (t) => fourierEncoding(t.xy, t.G),
};
