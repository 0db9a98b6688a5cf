import { readFileSync, writeFileSync } from "node:fs";
import { type Device, empty, type Tensor, tensor } from "@ama-sam/tensor";
import { Random, timeRuns } from "@ama-sam/testing";
import { adapterKey, shapeClass, type Tuned } from "../../packages/tensor/src/kernel/tuning";
import { TUNED } from "../../packages/tensor/src/kernel/tuning-table";
import { allMatrixTiles, hasMatrixUnits, matrixFits, productMatrix } from "../../packages/tensor/src/ops/matmul/matrix";
import type { Product } from "../../packages/tensor/src/ops/matmul/spec";
import { allTiles, productTile, tileFits } from "../../packages/tensor/src/ops/matmul/tile";
import { measurePeaks } from "../bench/peaks";

const TABLE = "packages/tensor/src/kernel/tuning-table.ts";

/** M x K x N. */
export interface SweepShape {
  m: number;
  k: number;
  n: number;
}

interface Candidate {
  kernel: string;
  params: Record<string, number>;
  /** Largest error against float64, in units of sqrt(K), that is only rounding. */
  tolerance: number;
  run(): void;
}

/** The rows with `row` in its place: instead of the one for the same kernel, adapter and class, else before all others. */
export function withRow(rows: readonly Tuned[], row: Tuned): Tuned[] {
  const same = (it: Tuned) => it.kernel === row.kernel && it.adapter === row.adapter && it.shape === row.shape;
  return rows.some(same) ? rows.map((it) => (same(it) ? row : it)) : [row, ...rows];
}

const literal = (value: object): string =>
  `{ ${Object.entries(value)
    .map(([key, it]) => `${key}: ${typeof it === "object" && it !== null ? literal(it) : JSON.stringify(it)}`)
    .join(", ")} }`;

/** The table's file with other rows; its comments stay. */
export function tableText(text: string, rows: readonly Tuned[]): string {
  const list = rows.map((row) => `  ${literal(row)},`).join("\n");
  return text.replace(/(export const TUNED[^=]*= \[)[\s\S]*?(\n\];)/, (_, head, tail) => `${head}\n${list}${tail}`);
}

function worst(values: Float32Array, x: number[], w: number[], { m, k, n }: SweepShape): number {
  const random = new Random(2);
  let most = 0;
  for (let s = 0; s < 100; s++) {
    const [i, j] = [random.integer(0, m - 1), random.integer(0, n - 1)];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += x[i * k + l] * w[j * k + l];
    const error = Math.abs(values[i * n + j] - sum) / Math.sqrt(k);
    if (!(error <= most)) most = error;
  }
  return most;
}

function candidates(device: Device, spec: Product, half: Tensor | null): Candidate[] {
  const tiles = allTiles()
    .filter((it) => tileFits(device, it))
    .map((it) => ({ kernel: "matmul-tile", params: { ...it }, tolerance: 1e-5, run: () => productTile(spec, it) }));
  if (!half) return tiles;
  const product = { ...spec, b: half };
  const matrices = allMatrixTiles()
    .filter((it) => matrixFits(device, it, true))
    .map((it) => ({
      kernel: "matmul-matrix",
      params: { ...it },
      tolerance: 2e-2,
      run: () => productMatrix(product, it),
    }));
  return [...tiles, ...matrices];
}

/**
 * Times y = x W^T on every tile that fits the adapter, checks each against float64, and shows its share of the FMA peak; with
 * `write` the best right one of each kernel becomes the adapter's row in the tuning table.
 * @returns whether every tile gave the right values
 */
export async function sweep(device: Device, shape: SweepShape, write: boolean): Promise<boolean> {
  const { m, k, n } = shape;
  const on = `${m}x${k}x${n}`;
  const random = new Random(1);
  const [x, w] = [random.normals(m * k), random.normals(n * k)].map((values) => Array.from(values, Math.fround));
  const [a, b] = [tensor(device, x, [m, k]), tensor(device, w, [n, k])];
  const half = hasMatrixUnits(device) ? tensor(device, w, [n, k], { dtype: "f16" }) : null;
  const y = empty(device, [m, n]);
  const peak = (await measurePeaks(device)).gflops;
  const adapter = adapterKey(device.info);
  const best = new Map<string, Tuned>();
  let good = true;
  console.log(`y = x W^T, ${on} (${shapeClass(shape)}), on ${adapter}; FMA peak ${peak.toFixed(1)} GFLOP/s`);
  for (const { kernel, params, tolerance, run } of candidates(
    device,
    { a, b, y, batch: 1, m, n, k, transposeB: true },
    half,
  )) {
    run();
    const error = worst(await y.data(), x, w, shape);
    const right = error <= tolerance;
    good &&= right;
    const { ms } = await timeRuns(device, run, 300, 2);
    const share = (2 * m * n * k) / ms / 1e6 / peak;
    const sizes = Object.entries(params).map(([name, value]) => `${name}=${value}`);
    console.log(
      `${kernel}[${sizes.join(",")}]`.padEnd(44),
      `${ms.toFixed(2).padStart(9)} ms ${(100 * share).toFixed(1).padStart(6)} % of the peak, error ${error.toExponential(1)}${right ? "" : " WRONG"}`,
    );
    const known = best.get(kernel)?.measured?.share ?? 0;
    if (right && share > known)
      best.set(kernel, {
        kernel,
        adapter,
        shape: shapeClass(shape),
        params,
        measured: { on, share: Number(share.toFixed(3)) },
      });
  }
  for (const it of [a, b, half, y]) it?.dispose();
  for (const row of best.values()) console.log(`best: ${literal(row)}`);
  if (write && good) {
    const rows = [...best.values()].reduce<readonly Tuned[]>(withRow, TUNED);
    writeFileSync(TABLE, tableText(readFileSync(TABLE, "utf8"), rows));
    console.log(`${TABLE} has ${best.size === 1 ? "the row" : "the rows"} now; format it with npx biome check --write`);
  } else if (write) console.log("not written: some tile gives wrong values here");
  return good;
}
