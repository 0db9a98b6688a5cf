import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import windowsWgsl from "./matmul-windows.wgsl";
import { panelsOfB, piecesOfA } from "./panels";
import putWgsl from "./put.wgsl";
import { epilogue, type Product } from "./spec";
import stepWgsl from "./step.wgsl";

/** Rows and columns of the result that a subgroup owns. */
const ROWS = 32;
const COLUMNS = 64;
/** Panels of columns in a launch, each with its own windows. */
const SIDES = 2;
/** A window of `b`: 256 steps of k for 64 columns, the 64 KiB that WebGPU promises of a uniform binding. */
const WINDOW_STEPS = 256;
const STEP_BYTES = COLUMNS * 4;
const WINDOW_BYTES = WINDOW_STEPS * STEP_BYTES;
const WINDOWS = 3;
/** Bytes of `a` that are copied at a time: a launch of fewer rows takes hardly longer than a launch takes by itself. */
const PIECE_BYTES = 12 * 2 ** 20;
/** Below one of these, `work` being rows times terms, a launch is too short or copying `a` costs more than it saves. */
const LEAST = { columns: 64, terms: 128, work: 2 ** 16 };
/** Rows and columns of a tile that may be padding, as a share of all. */
const WASTE = 0.1;

export const matmulWindowsKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-windows",
  source: [erfWgsl, activateWgsl, putWgsl, stepWgsl, windowsWgsl],
  params: { END: [true, false] },
  uniforms: {
    m: "u32",
    n: "u32",
    column: "u32",
    pairs0: "u32",
    pairs1: "u32",
    pairs2: "u32",
    strideA: "u32",
    startA: "u32",
    aTile: "u32",
    batch: "u32",
    tilesM: "u32",
    add: "u32",
    alpha: "f32",
    bias: "u32",
    act: "u32",
  },
});

/** Whether a product is large enough for launches of so few columns. */
export function windowsTake({ m, n, k }: Product): boolean {
  const fits = (size: number, tile: number) => Math.ceil(size / tile) * tile - size <= WASTE * size;
  return n >= LEAST.columns && k >= LEAST.terms && m * k >= LEAST.work && fits(m, ROWS) && fits(n, COLUMNS);
}

/** A product with `a` in panels of {@link ROWS} rows, and `b` in panels of {@link COLUMNS} columns that are read through windows. */
export function productWindows(spec: Product): void {
  const { y, batch, n, k, bias = null } = spec;
  const steps = Math.ceil(k / 4) * 4;
  // The last window ends past the last step.
  const slack = Math.ceil(steps / WINDOW_STEPS) * WINDOW_BYTES - steps * STEP_BYTES;
  const right = panelsOfB(spec, COLUMNS, slack);
  const { buffer } = right.operand.binding;
  const end = epilogue(spec);
  const ends = end.alpha !== 1 || end.bias !== 0 || end.act !== 0;
  for (const { left, count, c, dispose } of piecesOfA(spec, ROWS, PIECE_BYTES)) {
    const tilesM = Math.ceil(count / ROWS);
    const common = { m: count, n, strideA: left.stride, aTile: left.tile, tilesM, ...end };
    for (const { matrix, panel, from } of launches(batch, Math.ceil(n / COLUMNS), steps)) {
      const sides = Math.min(SIDES, Math.ceil(n / COLUMNS) - panel);
      const begin = (matrix * right.stride + panel * right.tile) * 16 + from * STEP_BYTES;
      // Steps of the launch in each window.
      const inWindow = (i: number) => Math.min(Math.max(steps - from - i * WINDOW_STEPS, 0), WINDOW_STEPS);
      // A window without any, and a side that is not there, lie on the first.
      const window = (side: number, i: number) => {
        const offset = (side < sides ? side * right.tile * 16 : 0) + (inWindow(i) > 0 ? i * WINDOW_BYTES : 0);
        return { binding: { buffer, offset: begin + offset, size: WINDOW_BYTES } };
      };
      const tensors = {
        a: left.operand,
        b0: window(0, 0),
        b1: window(0, 1),
        b2: window(0, 2),
        b3: window(1, 0),
        b4: window(1, 1),
        b5: window(1, 2),
        bias: bias ?? left.operand,
        c,
      };
      const uniforms = {
        ...common,
        column: panel * COLUMNS,
        pairs0: inWindow(0) / 2,
        pairs1: inWindow(1) / 2,
        pairs2: inWindow(2) / 2,
        startA: (from * ROWS) / 4,
        batch: matrix,
        add: from > 0 ? 1 : 0,
      };
      const done = inWindow(0) + inWindow(1) + inWindow(2);
      const flops = 2 * count * Math.min(SIDES * COLUMNS, n - panel * COLUMNS) * Math.min(done, k - from);
      const END = ends && from + done === steps;
      matmulWindowsKernel.run(y.device, tensors, uniforms, [sides, ...spread(tilesM)], { END }, flops);
    }
    dispose();
  }
  right.copy?.dispose("matmul");
}

/** The launches of a product: for every matrix of the batch and two panels of columns as many as its steps take, which add up in turn. */
function* launches(batch: number, panels: number, steps: number) {
  for (let matrix = 0; matrix < batch; matrix++)
    for (let panel = 0; panel < panels; panel += SIDES)
      for (let from = 0; from < steps; from += WINDOWS * WINDOW_STEPS) yield { matrix, panel, from };
}
