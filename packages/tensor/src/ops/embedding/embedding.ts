import { ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import embeddingWgsl from "./embedding.wgsl";
import embeddingGradWgsl from "./embedding-grad.wgsl";

const NAN_BITS = 0x7fc00000;
const params = { WG: [64], Elem: ["f32", "vec4f"] } as const;

export const embeddingKernel = /* @__PURE__ */ defineKernel({
  name: "embedding",
  source: [embeddingWgsl],
  params,
  uniforms: { count: "u32", per: "u32", rows: "u32", width: "u32", nan: "u32" },
});
export const embeddingGradKernel = /* @__PURE__ */ defineKernel({
  name: "embedding-grad",
  source: [embeddingGradWgsl],
  params,
  uniforms: { rows: "u32", width: "u32", blocks: "u32", n: "u32" },
});

export const embeddingOp = /* @__PURE__ */ defineOp({
  name: "embedding",
  inputs: ["weight", "idx"],
  dtypes: { idx: ["i32", "u32"] },
  shape: ({ weight, idx }, _: object) => {
    if (weight.length !== 2)
      throw new ShapeError("embedding", `weight is not a matrix. Got ${show(weight)}. Expected [V, D].`);
    return [...idx, weight[1]];
  },
  forward: ({ weight, idx }, _, y) => {
    if (y.size === 0) return undefined;
    const [rows, d] = weight.shape;
    const by = d % 4 === 0 ? 4 : 1;
    const { per, groups } = elementGrid(y.device, y.size / by);
    embeddingKernel.run(
      y.device,
      { weight, idx, y },
      { count: y.size / by, per, rows, width: d / by, nan: NAN_BITS },
      groups,
      { Elem: by === 4 ? "vec4f" : "f32" },
    );
    return undefined;
  },
  saves: ["idx"],
  vjp: ({ idx }, dy, { shapes }) => {
    const [rows, d] = shapes.weight;
    const dweight = empty(dy.device, shapes.weight);
    const by = d % 4 === 0 ? 4 : 1;
    const blocks = Math.ceil(d / by / 64);
    embeddingGradKernel.run(
      dy.device,
      { idx, dy, dweight },
      { rows, width: d / by, blocks, n: idx.size },
      spread(rows * blocks),
      { Elem: by === 4 ? "vec4f" : "f32" },
    );
    return { weight: dweight };
  },
  reference: ({ weight, idx }) => {
    const [rows, d] = weight.shape;
    const y = refArray([...idx.shape, d]);
    idx.data.forEach((row, i) => {
      for (let j = 0; j < d; j++) y.data[i * d + j] = row >= 0 && row < rows ? weight.data[row * d + j] : Number.NaN;
    });
    return y;
  },
});

/**
 * Rows of a table by index (PyTorch's `F.embedding`); the gradients of a row named twice add up, always in the same order.
 *
 * weight [V, D], idx of any shape (i32 or u32) -> [...idx.shape, D]. An index outside 0 to V - 1 gives a row of NaN and no
 * gradient.
 */
export function embedding(weight: Tensor, idx: Tensor): Tensor {
  return embeddingOp.apply({ weight, idx }, {});
}
