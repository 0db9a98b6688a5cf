import type { Tuned } from "./tuning";

/**
 * Rows of an adapter come before its defaults; of several that fit, the first is taken. Rows with `measured` are written by
 * `npm run kernel -- matmul --shape MxKxN --write`; the defaults (`*`) are reasoned from how GPUs are built, not measured.
 */
export const TUNED: readonly Tuned[] = [
  { kernel: "matmul-tile", adapter: "*", shape: "huge", params: { TM: 128, TN: 128, BK: 16, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "huge", params: { TM: 128, TN: 128, BK: 8, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "huge", params: { TM: 64, TN: 64, BK: 8, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "large", params: { TM: 128, TN: 64, BK: 8, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "large", params: { TM: 64, TN: 64, BK: 8, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "medium", params: { TM: 64, TN: 64, BK: 16, R: 4 } },
  { kernel: "matmul-tile", adapter: "*", shape: "medium", params: { TM: 64, TN: 64, BK: 8, R: 8 } },
  { kernel: "matmul-tile", adapter: "*", shape: "small", params: { TM: 32, TN: 32, BK: 16, R: 4 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "huge", params: { TM: 128, TN: 128, BK: 32, WG: 256 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "huge", params: { TM: 64, TN: 64, BK: 32, WG: 128 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "large", params: { TM: 128, TN: 64, BK: 32, WG: 128 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "large", params: { TM: 64, TN: 64, BK: 32, WG: 128 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "medium", params: { TM: 64, TN: 64, BK: 32, WG: 128 } },
  { kernel: "matmul-matrix", adapter: "*", shape: "small", params: { TM: 64, TN: 64, BK: 32, WG: 128 } },
];
