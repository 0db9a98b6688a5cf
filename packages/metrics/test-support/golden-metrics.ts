import {
  aggregate,
  connectedComponents,
  type Evaluation,
  evaluate,
  type LabelArray,
  type LabelMap,
} from "../src/index";

/** The part of a golden case's manifest that the metrics need. */
export interface MetricsManifest {
  readonly id: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** A tensor of a golden case: any typed array with its shape. */
export interface MetricsTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One compared number. */
export interface MetricsCheck {
  readonly name: string;
  readonly got: number;
  readonly expected: number;
  readonly ok: boolean;
}

/** Absolute tolerance of the `metrics/` group, from the golden format. */
export const METRICS_TOLERANCE = 1e-9;

/** Golden names that differ from this package's. */
const NAMES: Readonly<Record<string, keyof Evaluation>> = {
  dice: "dsc",
  dice_smooth1: "dscSmooth1",
  iou_smooth1: "iouSmooth1",
};

function labelMap(tensor: MetricsTensor | undefined, name: string): LabelMap {
  if (tensor?.shape.length !== 2) throw new Error(`[runMetricsCase] ${name} is missing or not [height, width]`);
  return { data: tensor.data as LabelArray, height: tensor.shape[0]!, width: tensor.shape[1]! };
}

/** A number of a manifest, where "nan" and "inf" are strings. */
function number(value: unknown): number {
  return value === "nan" ? Number.NaN : value === "inf" ? Number.POSITIVE_INFINITY : (value as number);
}

function check(name: string, got: number, expected: number): MetricsCheck {
  return { name, got, expected, ok: Object.is(got, expected) || Math.abs(got - expected) <= METRICS_TOLERANCE };
}

/** Runs a case of op `metrics` (every expected number) or `connected_components` (number of pixels that differ). */
export function runMetricsCase(
  manifest: MetricsManifest,
  tensors: Readonly<Record<string, MetricsTensor>>,
): MetricsCheck[] {
  if (manifest.op === "connected_components") {
    const connectivity = manifest.attrs.connectivity as 4 | 8;
    const got = connectedComponents(labelMap(tensors["in.mask"], "in.mask"), connectivity).data;
    const expected = labelMap(tensors["out.labels"], "out.labels").data;
    const wrong = got.reduce((n, id, i) => n + (id === expected[i] ? 0 : 1), 0);
    return [check("differing pixels", got.length === expected.length ? wrong : Number.NaN, 0)];
  }
  if (manifest.op !== "metrics") throw new Error(`[runMetricsCase] ${manifest.id} has unknown op ${manifest.op}`);
  const row = evaluateCase(tensors);
  const expected = Object.entries(manifest.attrs.expected as Record<string, unknown>);
  if (expected.length === 0) throw new Error(`[runMetricsCase] ${manifest.id} expects nothing`);
  return expected.map(([name, value]) => {
    return check(name, row[NAMES[name] ?? (name as keyof Evaluation)], number(value));
  });
}

/** The row of one case of op `metrics`, for `runMetricsAggregate`. */
export function evaluateCase(tensors: Readonly<Record<string, MetricsTensor>>): Evaluation {
  return evaluate(labelMap(tensors["in.pred"], "in.pred"), labelMap(tensors["in.gt"], "in.gt"));
}

/** Checks `metrics/aggregate.json` against the rows of the cases it names, in its order. */
export function runMetricsAggregate(
  expected: { readonly macro_f1: number; readonly mean_dice: number },
  rows: readonly Evaluation[],
): MetricsCheck[] {
  const all = aggregate(rows);
  return [check("macro_f1", all.macroF1, expected.macro_f1), check("mean_dice", all.dsc, expected.mean_dice)];
}
