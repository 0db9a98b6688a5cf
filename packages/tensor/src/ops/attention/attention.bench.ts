import { type Bench, benchOf } from "@ama-sam/testing";
import { attention } from "./attention";
import { qkvAttention } from "./qkv-attention";

/** Score and value products of `heads` heads of N tokens, width D. */
const flops = (heads: number, N: number, D: number) => 4 * heads * N * N * D;

export const benches: Bench[] = [
  benchOf(
    {
      name: "attention 12x1024x64",
      inputs: [
        [1, 12, 1024, 64],
        [1, 12, 1024, 64],
        [1, 12, 1024, 64],
      ],
      flops: flops(12, 1024, 64),
      outputs: 12 * 1024 * 64,
    },
    (q, k, v) => attention(q, k, v),
  ),
  benchOf(
    {
      name: "qkvAttention windows 25x196, 12 heads, rel-pos",
      inputs: [
        [25, 196, 3 * 768],
        [27, 64],
        [27, 64],
      ],
      flops: flops(300, 196, 64),
      outputs: 25 * 196 * 768,
    },
    (qkv, h, w) => qkvAttention(qkv, { heads: 12, relPos: { h, w, H: 14, W: 14 } }),
  ),
  benchOf(
    {
      name: "qkvAttention global 4096, 12 heads, rel-pos",
      inputs: [
        [1, 4096, 3 * 768],
        [127, 64],
        [127, 64],
      ],
      flops: flops(12, 4096, 64),
      outputs: 4096 * 768,
      large: true,
    },
    (qkv, h, w) => qkvAttention(qkv, { heads: 12, relPos: { h, w, H: 64, W: 64 } }),
  ),
];
