import type { DatasetItem } from "@ama-sam/data";
import { type Aggregate, aggregate, type EvaluationRow } from "@ama-sam/metrics";
import {
  type AmaSam,
  type Baseline,
  type Config,
  type EvaluatedImage,
  evaluateModel,
  evaluateOptions,
  evaluatePredictor,
  predictBaseline,
} from "ama-sam";
import type { NodeStorage } from "../files/node-storage";
import { PER_IMAGE_CSV, perImageCsv } from "../files/per-image-csv";
import { errorOverlay } from "../output/report/overlay";
import type { EvaluationNotes } from "../output/report/report-folder";

const BASELINES: readonly (readonly [Baseline, string])[] = [
  ["otsu-luminance", "Otsu on luminance"],
  ["otsu-haematoxylin", "Otsu on haematoxylin"],
];
/** Overlays kept of each end. */
export const OVERLAYS = 3;

/** Scores of a test set. */
export interface TestResult {
  rows: EvaluationRow[];
  mean: Aggregate;
  baselines: { name: string; dsc: number; aji: number; pq: number }[];
}

/** What {@link evaluateInto} may be told. */
export interface EvaluateIntoOptions {
  /** Score the thresholds that a model must beat, too. */
  baselines?: boolean;
  /** How many of the images took part in the training; default: not known. */
  seen?: number | null;
  signal?: AbortSignal;
  onImage?: (id: string, row: EvaluationRow, done: number, total: number) => void;
}

/** Scores a model on test images and writes `per-image.csv`, `evaluation.json` and overlays of the best and worst images. */
export async function evaluateInto(
  storage: NodeStorage,
  model: AmaSam,
  config: Config,
  items: readonly DatasetItem[],
  { baselines = true, seen = null, signal, onImage }: EvaluateIntoOptions = {},
): Promise<TestResult> {
  const options = evaluateOptions(config, model.config.encoder.imageSize);
  const kept: { id: string; dsc: number; png: Uint8Array }[] = [];
  const { rows, aggregate: mean } = await evaluateModel(model, items, {
    ...options,
    ...(signal && { signal }),
    onImage: (result, done, total) => {
      keepEnds(kept, result);
      onImage?.(result.id, result.row, done, total);
    },
  });
  const others: TestResult["baselines"] = [];
  for (const [kind, name] of baselines ? BASELINES : []) {
    const scores = await evaluatePredictor(({ image }) => predictBaseline(image, kind, options.instances), items, {
      emptyRule: config.eval.emptyRule,
    });
    others.push({ name, dsc: scores.aggregate.dsc, aji: scores.aggregate.aji, pq: scores.aggregate.pq });
  }
  await writeEvaluation(storage, config, rows, others, kept, seen);
  return { rows, mean, baselines: others };
}

/** Writes the files of an evaluation. */
export async function writeEvaluation(
  storage: NodeStorage,
  config: Config,
  rows: readonly EvaluationRow[],
  baselines: TestResult["baselines"],
  pictures: readonly { id: string; dsc: number; png: Uint8Array }[],
  seen: number | null,
): Promise<void> {
  const overlays: { file: string; title: string; dsc: number }[] = [];
  for (const [i, { id, dsc, png }] of [...pictures].sort((a, b) => b.dsc - a.dsc).entries()) {
    const file = `${String(i).padStart(2, "0")}-${id.replace(/[^\w.-]/g, "_").slice(0, 80)}.png`;
    await storage.write(`overlays/${file}`, png);
    overlays.push({ file, title: `${id}: DSC ${(100 * dsc).toFixed(2)}`, dsc });
  }
  await storage.write(PER_IMAGE_CSV, perImageCsv(rows));
  const notes: EvaluationNotes = { protocol: protocolOf(config), baselines, overlays, seen };
  const mean = aggregate(rows);
  await storage.write("evaluation.json", `${JSON.stringify({ images: rows.length, mean, ...notes }, null, 2)}\n`);
}

/** Keeps the overlays of the best and worst images so far; a data set's worth would not fit in memory. */
function keepEnds(
  kept: { id: string; dsc: number; png: Uint8Array }[],
  { id, row, sample, prediction }: EvaluatedImage,
): void {
  const truth = { width: sample.image.width, height: sample.image.height, data: sample.labels! };
  const predicted = { ...truth, data: prediction.mask };
  kept.push({ id, dsc: row.dsc, png: errorOverlay(sample.image, predicted, truth) });
  kept.sort((a, b) => b.dsc - a.dsc);
  if (kept.length > 2 * OVERLAYS) kept.splice(OVERLAYS, 1);
}

/** How masks became nuclei, in a sentence that belongs beside every number. */
export function protocolOf({ eval: e }: Config): string {
  const nuclei =
    e.instances === "watershed"
      ? `a watershed on the distance map (h = ${e.h} px)`
      : `${e.connectivity}-connected components`;
  return (
    `Scores at the images' own size. Mask: probability above ${e.threshold}. Nuclei: ${nuclei}, under ${e.minArea} px dropped` +
    `${e.fillHoles ? ", holes filled" : ""}. Images empty in truth and prediction: ${e.emptyRule === "score" ? "a perfect score" : "left out"}. ` +
    `DSC, IoU and HD belong to the mask before the nuclei step.`
  );
}
