import type { RefArray } from "../../op/reference";
import { refArray } from "../../op/reference";

/** Batched product in float64; `b` with rank 2 serves every matrix of `a`. */
export function matmulRef(
  { a, b }: { a: RefArray; b: RefArray },
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean },
): RefArray {
  const ra = a.shape.length;
  const rb = b.shape.length;
  const [m, k] = transposeA ? [a.shape[ra - 1], a.shape[ra - 2]] : [a.shape[ra - 2], a.shape[ra - 1]];
  const n = transposeB ? b.shape[rb - 2] : b.shape[rb - 1];
  const lead = a.shape.slice(0, -2);
  const batch = lead.reduce((p, d) => p * d, 1);
  const y = refArray([...lead, m, n]);
  for (let q = 0; q < batch; q++) {
    const a0 = q * m * k;
    const b0 = rb === 2 ? 0 : q * k * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++)
          sum += a.data[a0 + (transposeA ? l * m + i : i * k + l)] * b.data[b0 + (transposeB ? j * k + l : l * n + j)];
        y.data[(q * m + i) * n + j] = sum;
      }
    }
  }
  return y;
}
