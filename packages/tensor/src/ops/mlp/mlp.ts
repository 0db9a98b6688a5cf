import { accumulate } from "../../autograd/accumulate";
import { reduceSum } from "../../autograd/reduce-sum";
import { flags } from "../../debug/flags";
import type { Device } from "../../device/device";
import { KernelError, ShapeError } from "../../errors";
import { narrowSubgroup, QUAD_LANES } from "../../kernel/narrow-subgroup";
import { defineOp } from "../../op/define-op";
import { alignedRows, rowsOf } from "../../tensor/operand";
import { type Shape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { product } from "../matmul/product";
import { unaryForward, unaryGrad } from "../unary/unary";
import { mlpRef } from "./mlp.ref";

const ACTIVATIONS = ["gelu", "relu"] as const;

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Between the two layers. */
  activation: (typeof ACTIVATIONS)[number];
}

interface Attrs extends MlpOptions {
  /** Bytes of a piece's hidden values, for tests. */
  pieceBytes?: number;
}

/**
 * Bytes of a piece's hidden values: a large GPU needs the tiles of thousands of rows to be busy, and lavapipe copies the weights into
 * panels for every piece. Quads do neither, and take 32 rows of ViT-B; with 64 they are 1.02 times as fast.
 */
const PIECE_BYTES = 67_108_864;
const QUAD_PIECE_BYTES = 393_216;
/** Rows of whole tiles. */
const UNIT = 16;

/** Some rows of x. */
interface Rows {
  start: number;
  count: number;
}

/** The sizes of both layers. */
function sizesOf({ x, weight1, weight2 }: { x: Shape; weight1: Shape; weight2: Shape }) {
  const [hidden, width] = weight1;
  return { rows: sizeOf(x) / width, width, hidden, out: weight2[0] };
}

/** The rows in pieces of one size, whose hidden values take about `pieceBytes`, and which begin where a binding may. */
function rowPieces(
  device: Device,
  { rows, width, hidden, out }: ReturnType<typeof sizesOf>,
  pieceBytes = narrowSubgroup(device) === QUAD_LANES ? QUAD_PIECE_BYTES : PIECE_BYTES,
): Rows[] {
  const unit = Math.max(UNIT, alignedRows(width, "f32"), alignedRows(out, "f32"));
  const wanted = Math.ceil((4 * rows * hidden) / pieceBytes);
  const each = Math.ceil(rows / wanted / unit) * unit;
  return Array.from({ length: Math.ceil(rows / each) }, (_, i) => ({
    start: i * each,
    count: Math.min(each, rows - i * each),
  }));
}

export const mlpOp = /* @__PURE__ */ defineOp({
  name: "mlp",
  inputs: ["x", "weight1", "weight2"],
  optional: ["bias1", "bias2"],
  dtypes: { weight1: ["f32", "f16"], weight2: ["f32", "f16"] },
  shape: ({ x, weight1, weight2, bias1, bias2 }, { activation }: Attrs) => {
    if (!ACTIVATIONS.includes(activation))
      throw new KernelError("mlp", `unknown activation. Got ${activation}. Expected one of ${ACTIVATIONS.join(", ")}.`);
    if (weight1.length !== 2 || weight2.length !== 2 || weight2[1] !== weight1[0])
      throw new ShapeError(
        "mlp",
        `the layers do not fit. Got weight1 ${show(weight1)}, weight2 ${show(weight2)}. Expected [hidden, in] and [out, hidden].`,
      );
    const [hidden, width] = weight1;
    const [out] = weight2;
    if (x.length === 0 || x[x.length - 1] !== width)
      throw new ShapeError(
        "mlp",
        `x and weight1 differ. Got x ${show(x)}, weight1 ${show(weight1)}. Expected x [..., ${width}].`,
      );
    checkBias("bias1", bias1, hidden);
    checkBias("bias2", bias2, out);
    return [...x.slice(0, -1), out];
  },
  forward: ({ x, weight1, bias1, weight2, bias2 }, { activation, pieceBytes }, y) => {
    const { device } = x;
    const sizes = sizesOf({ x: x.shape, weight1: weight1.shape, weight2: weight2.shape });
    const { width, hidden, out } = sizes;
    for (const { start, count } of rowPieces(device, sizes, pieceBytes)) {
      const layer = { batch: 1, m: count, transposeB: true };
      const h = empty(device, [count, hidden], { name: "mlp" });
      const input = rowsOf(x, start, count, width);
      product({ ...layer, a: input, b: weight1, bias: bias1, y: h, n: hidden, k: width, activation });
      product({ ...layer, a: h, b: weight2, bias: bias2, y: rowsOf(y, start, count, out), n: out, k: hidden });
      h.dispose("mlp");
    }
    return undefined;
  },
  saves: (needs) => {
    const first = needs.x || needs.weight1 || needs.bias1;
    return first || needs.weight2 ? ["x", "weight1", "bias1", ...(first ? ["weight2"] : [])] : [];
  },
  vjp: ({ x, weight1, bias1 = null, weight2 }, dy, { attrs: { activation, pieceBytes }, needs, shapes, device }) => {
    const sizes = sizesOf(shapes);
    const { width, hidden, out } = sizes;
    const dbias2 = needs.bias2 ? reduceSum(dy, [...dy.shape.slice(0, -1).map(() => true), false], [out]) : null;
    // A gradient that nobody else holds gives its rows, once they are used, to those of dx.
    const inPlace = dy.exclusive && width === out && !flags.nan;
    const dx = needs.x ? (inPlace ? dy : empty(device, shapes.x)) : null;
    const dweight1 = needs.weight1 ? new Sum(shapes.weight1, device) : null;
    const dbias1 = needs.bias1 ? new Sum([hidden], device) : null;
    const dweight2 = needs.weight2 ? new Sum(shapes.weight2, device) : null;
    const first = dx !== null || dweight1 !== null || dbias1 !== null;
    for (const { start, count } of first || dweight2 ? rowPieces(device, sizes, pieceBytes) : []) {
      const rows = { batch: 1, m: count };
      const down = { batch: 1, k: count, transposeA: true };
      const input = rowsOf(x, start, count, width);
      const gradient = rowsOf(dy, start, count, out);
      const h = empty(device, [count, hidden], { name: "mlp" });
      const part = empty(device, [count, hidden], { name: "mlp" });
      product({ ...rows, a: input, b: weight1, bias: bias1, y: h, n: hidden, k: width, transposeB: true });
      if (dweight2) {
        unaryForward(activation, h, part);
        dweight2.add((y) => product({ ...down, a: gradient, b: part, y, m: out, n: hidden }));
      }
      if (first) {
        product({ ...rows, a: gradient, b: weight2, y: part, n: hidden, k: out });
        const dh = unaryGrad(activation, h, part);
        dweight1?.add((y) => product({ ...down, a: dh, b: input, y, m: hidden, n: width }));
        dbias1?.add((y) => reduceSum(dh, [true, false], [hidden], 1, y));
        if (dx) product({ ...rows, a: dh, b: weight1, y: rowsOf(dx, start, count, width), n: width, k: hidden });
        if (dh !== part) dh.dispose("mlp");
      }
      part.dispose("mlp");
      h.dispose("mlp");
    }
    const of = (sum: Sum | null) => sum?.tensor ?? null;
    return { x: dx, weight1: of(dweight1), bias1: of(dbias1), weight2: of(dweight2), bias2: dbias2 };
  },
  reference: mlpRef,
});

function checkBias(name: string, bias: Shape | null, width: number): void {
  if (bias && (bias.length !== 1 || bias[0] !== width))
    throw new ShapeError("mlp", `${name} has a wrong shape. Got ${show(bias)}. Expected [${width}].`);
}

/** A gradient that every piece adds its part to. */
class Sum {
  readonly #tensor: Tensor;
  #begun = false;

  constructor(shape: Shape, device: Device) {
    this.#tensor = empty(device, shape);
  }

  add(write: (y: Tensor) => void): void {
    if (!this.#begun) write(this.#tensor);
    else {
      const part = empty(this.#tensor.device, this.#tensor.shape, { name: "mlp" });
      write(part);
      accumulate(this.#tensor, part);
      part.dispose("mlp");
    }
    this.#begun = true;
  }

  /** The gradient; zeros where there was no piece. */
  get tensor(): Tensor {
    const { device, storage, bytes } = this.#tensor;
    if (!this.#begun) device.queue.clear(storage.block.buffer, bytes);
    return this.#tensor;
  }
}

/**
 * Two linear layers with an activation between (SAM's `MLPBlock`), whose hidden values are never kept: forward has them some rows at a
 * time, and so has backward, which makes them again. Against `linear` twice it costs the first layer's product once more, and saves a
 * transformer block's widest tensor (PyTorch: `checkpoint` on the layers, for every part of a split x).
 *
 * x [..., in], weight1 [hidden, in], bias1 [hidden] or null, weight2 [out, hidden], bias2 [out] or null -> [..., out]. Weights f32,
 * or f16 as frozen storage.
 * @throws ShapeError where the layers do not fit; KernelError for an unknown activation
 */
export function mlp(
  x: Tensor,
  weight1: Tensor,
  bias1: Tensor | null,
  weight2: Tensor,
  bias2: Tensor | null,
  options: MlpOptions,
): Tensor {
  return mlpOp.apply({ x, weight1, weight2, bias1, bias2 }, options);
}
