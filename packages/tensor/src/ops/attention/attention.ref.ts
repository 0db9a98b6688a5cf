import { type RefArray, refArray } from "../../op/reference";
import type { Heads } from "./heads";

/** softmax(scale q k^T + bias) v in float64, any layout of heads; all query rows, or only some. */
export function attentionRef(
  h: Heads,
  x: { q: RefArray; k: RefArray; v: RefArray; relPosH?: RefArray | null; relPosW?: RefArray | null },
  shape: readonly number[],
  rows: Iterable<number> = Array(h.nq).keys(),
): RefArray {
  const y = refArray(shape);
  const { q, k, v } = x;
  const { dim, grid } = h;
  const only = [...rows];
  const scores = new Float64Array(h.nk);
  for (let b = 0; b < h.batch; b++) {
    for (let a = 0; a < h.heads; a++) {
      const kv = b * h.kv.batch + a * h.kv.head;
      for (const i of only) {
        const qi = b * h.q.batch + a * h.q.head + i * h.q.row;
        const dot = (table: RefArray, at: number) => {
          let sum = 0;
          for (let d = 0; d < dim; d++) sum += q.data[qi + d] * table.data[at + d];
          return sum;
        };
        let most = Number.NEGATIVE_INFINITY;
        for (let j = 0; j < h.nk; j++) {
          scores[j] = h.scale * dot(k, h.kOffset + kv + j * h.kv.row);
          if (grid && x.relPosH && x.relPosW) {
            const { H, W } = grid;
            scores[j] += dot(x.relPosH, (Math.floor(i / W) - Math.floor(j / W) + H - 1) * dim);
            scores[j] += dot(x.relPosW, ((i % W) - (j % W) + W - 1) * dim);
          }
          most = Math.max(most, scores[j]);
        }
        let sum = 0;
        for (let j = 0; j < h.nk; j++) {
          scores[j] = Math.exp(scores[j] - most);
          sum += scores[j];
        }
        const yi = b * h.y.batch + a * h.y.head + i * h.y.row;
        for (let j = 0; j < h.nk; j++) {
          const vi = h.vOffset + kv + j * h.kv.row;
          for (let d = 0; d < dim; d++) y.data[yi + d] += (scores[j] / sum) * v.data[vi + d];
        }
      }
    }
  }
  return y;
}
