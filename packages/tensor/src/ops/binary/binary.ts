import { ShapeError } from "../../errors";
import { defineKernel, type Kernel, spread } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp, type Op } from "../../op/define-op";
import { type RefArray, refArray } from "../../op/reference";
import { broadcastShapes, broadcastStrides, type Shape, sameShape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { affine } from "./affine";
import binaryWgsl from "./binary.wgsl";
import broadcastWgsl from "./binary-broadcast.wgsl";
import rowsWgsl from "./binary-rows.wgsl";

interface Row {
  f: string;
  ref: (a: number, b: number) => number;
}

const TABLE = {
  add: { f: "a + b", ref: (a, b) => a + b },
  sub: { f: "a - b", ref: (a, b) => a - b },
  mul: { f: "a * b", ref: (a, b) => a * b },
  div: { f: "a / b", ref: (a, b) => a / b },
} as const satisfies Record<string, Row>;
type BinaryName = keyof typeof TABLE;

const rows = /* @__PURE__ */ Object.entries(TABLE) as [BinaryName, Row][];
const same = { params: { WG: [64] }, uniforms: { count: "u32", per: "u32" } } as const;
const inRows = {
  params: { WG: [64] },
  uniforms: {
    count: "u32",
    per: "u32",
    d1: "u32",
    d2: "u32",
    d3: "u32",
    a0: "u32",
    a1: "u32",
    a2: "u32",
    b0: "u32",
    b1: "u32",
    b2: "u32",
  },
} as const;
const spreadOut = {
  params: { WG: [64, 128, 256] },
  uniforms: {
    count: "u32",
    d1: "u32",
    d2: "u32",
    d3: "u32",
    a0: "u32",
    a1: "u32",
    a2: "u32",
    a3: "u32",
    b0: "u32",
    b1: "u32",
    b2: "u32",
    b3: "u32",
  },
} as const;

const fill = (source: string, f: string) => source.replace("{ return a; }", `{ return ${f}; }`);
export const binaryKernels = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { f }]) => [name, defineKernel({ ...same, name, source: [fill(binaryWgsl, f)] })]),
) as Record<BinaryName, Kernel<(typeof same)["uniforms"]>>;
export const binaryBroadcastKernels = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { f }]) => [
    name,
    defineKernel({ ...spreadOut, name: `${name}-broadcast`, source: [fill(broadcastWgsl, f)] }),
  ]),
) as Record<BinaryName, Kernel<(typeof spreadOut)["uniforms"]>>;

export const binaryRowsKernels = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { f }]) => [name, defineKernel({ ...inRows, name: `${name}-rows`, source: [fill(rowsWgsl, f)] })]),
) as Record<BinaryName, Kernel<(typeof inRows)["uniforms"]>>;

/** Joins neighbouring dimensions along which both operands move alike; four remain at most. */
function fold(op: string, shape: Shape, sa: number[], sb: number[]): { d: number[]; a: number[]; b: number[] } {
  const d: number[] = [];
  const a: number[] = [];
  const b: number[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const k = d.length - 1;
    if (k >= 0 && a[k] === sa[i] * size && b[k] === sb[i] * size) {
      d[k] *= size;
      a[k] = sa[i];
      b[k] = sb[i];
    } else {
      d.push(size);
      a.push(sa[i]);
      b.push(sb[i]);
    }
  });
  if (d.length > 4)
    throw new ShapeError(
      op,
      `too many dimensions broadcast in turn. Got ${show(shape)}. Expected at most four groups; permute first.`,
    );
  while (d.length < 4) {
    d.unshift(1);
    a.unshift(0);
    b.unshift(0);
  }
  return { d, a, b };
}

function launch(name: BinaryName, a: Tensor, b: Tensor, y: Tensor): void {
  const count = Math.ceil(y.size / 4);
  const { per, groups } = elementGrid(y.device, count);
  if (sameShape(a.shape, b.shape)) {
    binaryKernels[name].run(y.device, { a, b, y }, { count, per }, groups);
    return;
  }
  const f = fold(name, y.shape, broadcastStrides(a.shape, y.shape), broadcastStrides(b.shape, y.shape));
  const [, d1, d2, d3] = f.d;
  const [a0, a1, a2, a3] = f.a;
  const [b0, b1, b2, b3] = f.b;
  const whole = [d3, a0, a1, a2, b0, b1, b2].every((v) => v % 4 === 0);
  if (whole && a3 === 1 && b3 === 1) {
    const uniforms = {
      count,
      per,
      d1,
      d2,
      d3: d3 / 4,
      a0: a0 / 4,
      a1: a1 / 4,
      a2: a2 / 4,
      b0: b0 / 4,
      b1: b1 / 4,
      b2: b2 / 4,
    };
    binaryRowsKernels[name].run(y.device, { a, b, y }, uniforms, groups);
    return;
  }
  const uniforms = { count: y.size, d1, d2, d3, a0, a1, a2, a3, b0, b1, b2, b3 };
  binaryBroadcastKernels[name].run(y.device, { a, b, y }, uniforms, spread(Math.ceil(y.size / 256)));
}

function compute(name: BinaryName, a: Tensor, b: Tensor): Tensor {
  const y = empty(a.device, broadcastShapes(name, a.shape, b.shape));
  launch(name, a, b, y);
  return y;
}

function reference(name: BinaryName, a: RefArray, b: RefArray): RefArray {
  const shape = broadcastShapes(name, a.shape, b.shape);
  const [sa, sb] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  const y = refArray(shape);
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    let [ia, ib] = [0, 0];
    for (let d = shape.length - 1; d >= 0; d--) {
      ia += (rest % shape[d]) * sa[d];
      ib += (rest % shape[d]) * sb[d];
      rest = Math.floor(rest / shape[d]);
    }
    y.data[i] = TABLE[name].ref(a.data[ia], b.data[ib]);
  }
  return y;
}

type Pull = (
  a: Tensor,
  b: Tensor,
  y: Tensor,
  dy: Tensor,
  needs: { a: boolean; b: boolean },
) => { a?: Tensor | null; b?: Tensor | null };

type Saves = (needs: { a: boolean; b: boolean }) => readonly string[];

function define(name: BinaryName, saves: Saves, pull: Pull): Op<"a" | "b", never, object> {
  return defineOp<"a" | "b", object>({
    name,
    inputs: ["a", "b"],
    shape: ({ a, b }, _: object) => broadcastShapes(name, a, b),
    forward: ({ a, b }, _, y) => {
      launch(name, a, b, y);
      return undefined;
    },
    saves,
    vjp: ({ a, b, y }, dy, { needs }) => pull(a, b, y, dy, needs),
    reference: ({ a, b }) => reference(name, a, b),
  });
}

const minus = (x: Tensor) => {
  const y = affine(x, { scale: -1 });
  return y;
};

/** The op definitions, for tests and benches. Broadcast gradients are summed by the tape. */
export const binaryOps: Record<BinaryName, Op<"a" | "b", never, object>> = /* @__PURE__ */ (() => ({
  add: define(
    "add",
    () => [],
    (_a, _b, _y, dy) => ({ a: dy, b: dy }),
  ),
  sub: define(
    "sub",
    () => [],
    (_a, _b, _y, dy, needs) => ({ a: dy, b: needs.b ? minus(dy) : null }),
  ),
  mul: define(
    "mul",
    (needs) => [...(needs.a ? ["b"] : []), ...(needs.b ? ["a"] : [])],
    (a, b, _y, dy, needs) => ({
      a: needs.a ? compute("mul", dy, b) : null,
      b: needs.b ? compute("mul", dy, a) : null,
    }),
  ),
  div: define(
    "div",
    (needs) => (needs.b ? ["b", "y"] : ["b"]),
    (_a, b, y, dy, needs) => ({
      a: needs.a ? compute("div", dy, b) : null,
      b: needs.b ? minus(compute("div", compute("mul", dy, y), b)) : null,
    }),
  ),
}))();

/** `a + b` with broadcasting; `b` may be a number. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === "number" ? affine(a, { shift: b }) : binaryOps.add.apply({ a, b }, {});
}

/** `a - b` with broadcasting; `b` may be a number. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === "number" ? affine(a, { shift: -b }) : binaryOps.sub.apply({ a, b }, {});
}

/** `a * b` with broadcasting; `b` may be a number. */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === "number" ? affine(a, { scale: b }) : binaryOps.mul.apply({ a, b }, {});
}

/** `a / b` with broadcasting; `b` may be a number. */
export function div(a: Tensor, b: Tensor | number): Tensor {
  return typeof b === "number" ? affine(a, { scale: 1 / b }) : binaryOps.div.apply({ a, b }, {});
}
