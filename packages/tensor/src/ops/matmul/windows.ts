import { defineKernel } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import windowsWgsl from "./matmul-windows.wgsl";
import { panelsOfB, piecesOfA } from "./panels";
import { epilogue, type Product } from "./spec";

/** Columns of the result that a workgroup owns. */
const COLUMNS = 64;
/** Steps of k in a launch, in a panel of `a`, and in the launch of what is left of k. */
const STEPS = 128;
const SHORT_STEPS = 64;
/** Rows of `a` in a window: {@link STEPS} steps of them are the 64 KiB that WebGPU promises of a uniform binding. */
const WINDOW_ROWS = 128;
const ROW_BYTES = STEPS * 4;
const WINDOW_BYTES = WINDOW_ROWS * ROW_BYTES;
const WINDOWS = 6;
/** A launch of fewer workgroups leaves cores idle: its rows are shared out, though each workgroup has to fetch its part of `b`. */
const LEAST_GROUPS = 12;
/** Bytes of `a` that are copied at a time: a launch of fewer rows fetches `b` for few. */
const PIECE_BYTES = 12 * 2 ** 20;
/** Below one of these a launch is too short, or fetching `b` costs more than it saves. */
const LEAST = { rows: 96, columns: 128, terms: 48 };
/** Terms and columns that may be padding, as a share of all. */
const WASTE = { terms: 0.25, columns: 0.1 };

export const matmulWindowsKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-windows",
  source: [erfWgsl, activateWgsl, windowsWgsl],
  params: { STEPS: [STEPS, SHORT_STEPS] },
  uniforms: {
    columns: "u32",
    row: "u32",
    biasRow: "u32",
    rows: "u32",
    share: "u32",
    startB: "u32",
    tileB: "u32",
    steps: "u32",
    add: "u32",
    end: "u32",
    alpha: "f32",
    bias: "u32",
    act: "u32",
  },
});

/** Whether the kernel can compute a product: it writes whole vec4. */
export function windowsCan({ n }: Product): boolean {
  return n % 4 === 0;
}

/** Whether a product is large enough for it. */
export function windowsTake(spec: Product): boolean {
  const { m, n, k } = spec;
  const fits = (size: number, tile: number, waste: number) => Math.ceil(size / tile) * tile - size <= waste * size;
  const large = m >= LEAST.rows && n >= LEAST.columns && k >= LEAST.terms;
  return large && windowsCan(spec) && fits(k, SHORT_STEPS, WASTE.terms) && fits(n, COLUMNS, WASTE.columns);
}

/** A product with rows of `a` read through windows, and `b` in panels of {@link COLUMNS} columns. */
export function productWindows(spec: Product): void {
  const { y, batch, m, n, k, bias = null } = spec;
  const right = panelsOfB(spec, COLUMNS);
  const { alpha, bias: biasKind, act } = epilogue(spec);
  const panels = Math.ceil(n / COLUMNS);
  // Windows of the last panel end behind it.
  const layout = { steps: false, panel: STEPS / 4, slack: WINDOW_BYTES };
  for (const { left, count, c, dispose } of piecesOfA(spec, PIECE_BYTES, layout)) {
    const { buffer } = left.operand.binding;
    for (const { matrix, row, rows, from, steps } of launches(batch, count, k)) {
      const begin = (matrix * left.stride + (from / STEPS) * left.tile) * 16 + row * ROW_BYTES;
      // A window that is not needed lies on the first.
      const window = (i: number) => ({
        binding: { buffer, offset: begin + (i * WINDOW_ROWS < rows ? i * WINDOW_BYTES : 0), size: WINDOW_BYTES },
      });
      const tensors = {
        a0: window(0),
        a1: window(1),
        a2: window(2),
        a3: window(3),
        a4: window(4),
        a5: window(5),
        b: right.operand,
        bias: bias ?? right.operand,
        c,
      };
      const windows = Math.ceil(rows / WINDOW_ROWS);
      const shares = Math.min(windows, Math.ceil(LEAST_GROUPS / panels));
      const share = Math.ceil(windows / shares) * WINDOW_ROWS;
      const uniforms = {
        columns: n / 4,
        row: matrix * m + row,
        biasRow: row,
        rows,
        share,
        startB: matrix * right.stride + (from * COLUMNS) / 4,
        tileB: right.tile,
        steps,
        add: from > 0 ? 1 : 0,
        end: from + steps === k ? 1 : 0,
        alpha,
        bias: biasKind,
        act,
      };
      const flops = 2 * rows * n * steps;
      const params = { STEPS: steps > SHORT_STEPS ? STEPS : SHORT_STEPS };
      matmulWindowsKernel.run(y.device, tensors, uniforms, [panels, Math.ceil(rows / share)], params, flops);
    }
    dispose();
  }
  right.copy?.dispose("matmul");
}

/** The launches of a product of `count` rows in each matrix: for every matrix and so many rows as its steps take, which add up in turn. */
function* launches(batch: number, count: number, k: number) {
  const windows = Math.ceil(count / WINDOW_ROWS);
  const most = Math.ceil(windows / Math.ceil(windows / WINDOWS)) * WINDOW_ROWS;
  for (let matrix = 0; matrix < batch; matrix++)
    for (let row = 0; row < count; row += most)
      for (let from = 0; from < k; from += STEPS)
        yield { matrix, row, rows: Math.min(most, count - row), from, steps: Math.min(STEPS, k - from) };
}
