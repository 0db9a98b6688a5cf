import { ShapeError } from "../../errors";
import { type Shape, show } from "../../tensor/shape";
import type { Tensor } from "../../tensor/tensor";

/** Where the rows of each head lie in a tensor: element `batch b + head a + row n + d`, from `offset` on. */
export interface Strides {
  batch: number;
  head: number;
  row: number;
}

/** Sizes and layouts of one attention: [B, A, N, D] side by side, or heads inside the rows of a qkv product. */
export interface Heads {
  batch: number;
  heads: number;
  nq: number;
  nk: number;
  dim: number;
  scale: number;
  /** Grid of the relative position bias; null without one. */
  grid: { H: number; W: number } | null;
  q: Strides;
  /** k and v share strides and differ in where they start. */
  kv: Strides;
  kOffset: number;
  vOffset: number;
  y: Strides;
}

/** The tensors of one attention; q, k and v may be the same. */
export interface HeadTensors {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  relPosH: Tensor | null;
  relPosW: Tensor | null;
}

/** What the gradient kernels read. */
export interface GradTensors extends HeadTensors {
  dy: Tensor;
  /** [2, B * A, rows]: log-sum-exp, then the sum of dy * y; rows of padding weigh nothing. */
  stats: Tensor;
  bias: Tensor | null;
}

/** Which kernels run: `auto` asks the adapter and the shape. Tests force one; so does `TENSOR_FAMILY=attention:NAME`. */
export type AttentionVariant = "auto" | "subgroup" | "quad" | "tile" | "plain";

/** Layout of separate q [B, A, Nq, D], k and v [B, A, Nk, D]. */
export function separateHeads(
  op: string,
  q: Shape,
  k: Shape,
  v: Shape,
  attrs: { scale?: number; H?: number; W?: number },
): Heads {
  const bad = (name: string, shape: Shape, expected: string): never => {
    throw new ShapeError(op, `${name} has a wrong shape. Got ${show(shape)}. Expected ${expected}.`);
  };
  if (q.length !== 4) bad("q", q, "[B, A, Nq, D]");
  const [batch, heads, nq, dim] = q;
  if (k.length !== 4 || k[0] !== batch || k[1] !== heads || k[3] !== dim)
    bad("k", k, `[${batch}, ${heads}, Nk, ${dim}] as q ${show(q)}`);
  if (v.length !== 4 || v.some((d, i) => d !== k[i])) bad("v", v, `${show(k)} as k`);
  const nk = k[2];
  const grid = attrs.H === undefined || attrs.W === undefined ? null : { H: attrs.H, W: attrs.W };
  if (grid && grid.H * grid.W !== nq) bad("q", q, `N = H * W = ${grid.H} * ${grid.W}`);
  if (grid && nk !== nq) bad("k", k, `${show(q)} as q`);
  if (nk === 0 && nq > 0) bad("k", k, "at least one key");
  const ofQ = { batch: heads * nq * dim, head: nq * dim, row: dim };
  const ofK = { batch: heads * nk * dim, head: nk * dim, row: dim };
  const { scale = dim ** -0.5 } = attrs;
  return { batch, heads, nq, nk, dim, scale, grid, q: ofQ, kv: ofK, kOffset: 0, vOffset: 0, y: ofQ };
}

/** Layout of heads inside qkv [B, N, 3 * A * D]. */
export function fusedHeads(
  op: string,
  qkv: Shape,
  attrs: { heads: number; scale?: number; H?: number; W?: number },
): Heads {
  const { heads } = attrs;
  if (qkv.length !== 3 || !Number.isInteger(heads) || heads < 1 || qkv[2] % (3 * heads) !== 0)
    throw new ShapeError(
      op,
      `qkv does not split into heads. Got ${show(qkv)} and ${heads} heads. Expected [B, N, 3 * heads * D].`,
    );
  const [batch, n, row] = qkv;
  const dim = row / (3 * heads);
  const grid = attrs.H === undefined || attrs.W === undefined ? null : { H: attrs.H, W: attrs.W };
  if (grid && grid.H * grid.W !== n)
    throw new ShapeError(op, `qkv and grid differ. Got ${show(qkv)}, H ${grid.H}, W ${grid.W}. Expected N = H * W.`);
  const inside = { batch: n * row, head: dim, row };
  const { scale = dim ** -0.5 } = attrs;
  const y = { batch: n * heads * dim, head: dim, row: heads * dim };
  const [kOffset, vOffset] = [heads * dim, 2 * heads * dim];
  return { batch, heads, nq: n, nk: n, dim, scale, grid, q: inside, kv: inside, kOffset, vOffset, y };
}

/** Checks the tables [2 H - 1, D] and [2 W - 1, D]; interpolating them to the grid is the caller's part. */
export function checkTables(op: string, h: Heads, relPosH: Shape | null, relPosW: Shape | null): void {
  if (!h.grid) return;
  const check = (name: string, shape: Shape | null, size: number) => {
    if (shape?.length !== 2 || shape[0] !== 2 * size - 1 || shape[1] !== h.dim)
      throw new ShapeError(
        op,
        `${name} does not fit the grid. Got ${shape ? show(shape) : "null"}. Expected [${2 * size - 1}, ${h.dim}]. Interpolate the table to the grid first.`,
      );
  };
  check("relPosH", relPosH, h.grid.H);
  check("relPosW", relPosW, h.grid.W);
}

/** Strides as uniforms. */
export function strideUniforms({ q, kv, kOffset, vOffset, y }: Heads) {
  return {
    qBatch: q.batch,
    qHead: q.head,
    qRow: q.row,
    kBatch: kv.batch,
    kHead: kv.head,
    kRow: kv.row,
    kOffset,
    vOffset,
    yBatch: y.batch,
    yHead: y.head,
    yRow: y.row,
  };
}

/**
 * Floating-point operations of a kernel of attention.
 * @param products of a row with a row per query and key: two forward, three for dq, four for dk and dv (scores are made again)
 */
export function attentionFlops({ batch, heads, nq, nk, dim }: Heads, products: 2 | 3 | 4): number {
  return 2 * products * batch * heads * nq * nk * dim;
}

/** Scalars of the kernels that take one query a lane: sizes, the grid of the relative positions, strides. */
export const headUniforms = {
  heads: "u32",
  count: "u32",
  nq: "u32",
  nk: "u32",
  blocks: "u32",
  w: "u32",
  hp: "u32",
  biasRow: "u32",
  qBatch: "u32",
  qHead: "u32",
  qRow: "u32",
  kBatch: "u32",
  kHead: "u32",
  kRow: "u32",
  kOffset: "u32",
  vOffset: "u32",
  yBatch: "u32",
  yHead: "u32",
  yRow: "u32",
} as const;
