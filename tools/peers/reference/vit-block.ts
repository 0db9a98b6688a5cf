// A ViT block with an adapter behind its MLP, forward and backward in double precision.
import { gelu, geluSlope } from "./gelu";
import { add, addRow, columnSums, layerNorm, layerNormBackward, product, transpose } from "./matrix";

export interface BlockSizes {
  /** Tokens. */
  T: number;
  /** Width, heads, width of the MLP, width of the adapter. */
  D: number;
  heads: number;
  mlp: number;
  adapter: number;
}

export const EPS = 1e-6;
/** Inputs by name; matrices are [in, out]. */
export type BlockValues = Record<string, ArrayLike<number>>;
/** What the training step gives, in the order of the reference file. */
export const BLOCK_OUTPUTS = ["loss", "y", "dx", "d_down_w", "d_down_b", "d_up_w", "d_up_b"] as const;
export type BlockResult = Record<(typeof BLOCK_OUTPUTS)[number], Float64Array>;

interface Head {
  q: Float64Array;
  k: Float64Array;
  v: Float64Array;
  p: Float64Array;
}

/** Columns of one head out of qkv [T, 3 D]. */
function columns(qkv: Float64Array, { T, D, heads }: BlockSizes, which: number, head: number): Float64Array {
  const dim = D / heads;
  const y = new Float64Array(T * dim);
  for (let t = 0; t < T; t++)
    y.set(qkv.subarray(t * 3 * D + which * D + head * dim, t * 3 * D + which * D + (head + 1) * dim), t * dim);
  return y;
}

/** softmax(dim^-0.5 q k^T), rows in place. */
function probabilities(q: Float64Array, k: Float64Array, T: number, dim: number): Float64Array {
  const p = product(q, transpose(k, T, dim), T, dim, T);
  for (let i = 0; i < T; i++) {
    const row = p.subarray(i * T, (i + 1) * T);
    let [most, sum] = [-Infinity, 0];
    for (let j = 0; j < T; j++) most = Math.max(most, (row[j] *= dim ** -0.5));
    for (let j = 0; j < T; j++) sum += row[j] = Math.exp(row[j] - most);
    for (let j = 0; j < T; j++) row[j] /= sum;
  }
  return p;
}

function forward(sizes: BlockSizes, P: BlockValues) {
  const { T, D, heads, mlp, adapter } = sizes;
  const dim = D / heads;
  const norm1 = layerNorm(P.x, P.ln1_g, P.ln1_b, EPS);
  const qkv = addRow(product(norm1.y, P.qkv_w, T, D, 3 * D), P.qkv_b);
  const joined = new Float64Array(T * D);
  const kept: Head[] = [];
  for (let h = 0; h < heads; h++) {
    const [q, k, v] = [0, 1, 2].map((which) => columns(qkv, sizes, which, h));
    const p = probabilities(q, k, T, dim);
    const o = product(p, v, T, T, dim);
    for (let t = 0; t < T; t++) joined.set(o.subarray(t * dim, (t + 1) * dim), t * D + h * dim);
    kept.push({ q, k, v, p });
  }
  const mid = add(P.x, addRow(product(joined, P.proj_w, T, D, D), P.proj_b));
  const norm2 = layerNorm(mid, P.ln2_g, P.ln2_b, EPS);
  const z1 = addRow(product(norm2.y, P.fc1_w, T, D, mlp), P.fc1_b);
  const m = addRow(product(z1.map(gelu), P.fc2_w, T, mlp, D), P.fc2_b);
  const z2 = addRow(product(m, P.down_w, T, D, adapter), P.down_b);
  const a = z2.map(gelu);
  const y = add(add(mid, m), addRow(product(a, P.up_w, T, adapter, D), P.up_b));
  const loss = y.reduce((s, value) => s + value * value, 0) / y.length;
  return { norm1, kept, norm2, z1, m, z2, a, y, loss };
}

/** Gradient of qkv [T, 3 D] from that of the joined heads [T, D]. */
function attentionBackward(sizes: BlockSizes, kept: readonly Head[], dJoined: Float64Array): Float64Array {
  const { T, D, heads } = sizes;
  const dim = D / heads;
  const dqkv = new Float64Array(T * 3 * D);
  kept.forEach(({ q, k, v, p }, h) => {
    const dO = new Float64Array(T * dim);
    for (let t = 0; t < T; t++) dO.set(dJoined.subarray(t * D + h * dim, t * D + (h + 1) * dim), t * dim);
    const dv = product(transpose(p, T, T), dO, T, T, dim);
    const ds = product(dO, transpose(v, T, dim), T, dim, T); // dP first, then dS in place
    for (let i = 0; i < T; i++) {
      let sum = 0;
      for (let j = 0; j < T; j++) sum += ds[i * T + j] * p[i * T + j];
      for (let j = 0; j < T; j++) ds[i * T + j] = p[i * T + j] * (ds[i * T + j] - sum) * dim ** -0.5;
    }
    const parts = [product(ds, k, T, T, dim), product(transpose(ds, T, T), q, T, T, dim), dv];
    parts.forEach((part, which) => {
      for (let t = 0; t < T; t++) dqkv.set(part.subarray(t * dim, (t + 1) * dim), t * 3 * D + which * D + h * dim);
    });
  });
  return dqkv;
}

/** Mean square of the block's result. */
export function blockLoss(sizes: BlockSizes, P: BlockValues): number {
  return forward(sizes, P).loss;
}

/** Result, loss and the gradients of the input and of the adapter. */
export function trainBlock(sizes: BlockSizes, P: BlockValues): BlockResult {
  const { T, D, mlp, adapter } = sizes;
  const { norm1, kept, norm2, z1, m, z2, a, y, loss } = forward(sizes, P);
  const dy = y.map((value) => (2 * value) / y.length);
  const d_up_w = product(transpose(a, T, adapter), dy, adapter, T, D);
  const dz2 = product(dy, transpose(P.up_w, adapter, D), T, D, adapter).map((value, i) => value * geluSlope(z2[i]));
  const d_down_w = product(transpose(m, T, D), dz2, D, T, adapter);
  const dm = add(dy, product(dz2, transpose(P.down_w, D, adapter), T, adapter, D));
  const dz1 = product(dm, transpose(P.fc2_w, mlp, D), T, D, mlp).map((value, i) => value * geluSlope(z1[i]));
  const dNorm2 = product(dz1, transpose(P.fc1_w, D, mlp), T, mlp, D);
  const dMid = add(dy, layerNormBackward(dNorm2, norm2, P.ln2_g));
  const dqkv = attentionBackward(sizes, kept, product(dMid, transpose(P.proj_w, D, D), T, D, D));
  const dNorm1 = product(dqkv, transpose(P.qkv_w, D, 3 * D), T, 3 * D, D);
  const dx = add(dMid, layerNormBackward(dNorm1, norm1, P.ln1_g));
  const sums = { d_down_b: columnSums(dz2, adapter), d_up_b: columnSums(dy, D) };
  return { loss: Float64Array.of(loss), y, dx, d_down_w, d_up_w, ...sums };
}
