import { type Comparison, compareRuns, METRICS, type MetricName, PAPER_METRICS } from "@ama-sam/metrics";
import { type AddCommand, pathFrom, wholeNumber } from "../command";
import { CommandError, EXIT } from "../errors";
import { readPerImageCsv } from "../files/per-image-csv";
import { textTable } from "../output/text";

interface CompareFlags {
  metrics?: string;
  seed: number;
  json?: boolean;
}

/** `ama-sam compare`: paired tests between two runs on the same images. */
export const addCompare: AddCommand = (program, { io, run }) => {
  program
    .command("compare")
    .summary("test whether one run is better than another")
    .description(
      "Compares two runs image by image: paired Wilcoxon signed-rank test (exact up to 50 images), 95 % bootstrap interval of " +
        "the difference, and Holm's correction over the metrics. Both runs must have been evaluated on the same images.",
    )
    .argument("<runA>", "a run or evaluation folder, or its per-image.csv")
    .argument("<runB>", "the other one")
    .option("--metrics <names>", `comma-separated, out of ${METRICS.join(", ")}`)
    .option("--seed <n>", "of the bootstrap", wholeNumber("--seed", 0), 1)
    .option("--json", "print the rows as JSON")
    .addHelpText("after", "\nExample: ama-sam compare runs/cgrl runs/grl --metrics dsc,pq")
    .action(
      run(async (runA: string, runB: string, flags: CompareFlags) => {
        const metrics = metricNames(flags.metrics);
        const byImage = (a: { image?: string }, b: { image?: string }) => ((a.image ?? "") < (b.image ?? "") ? -1 : 1);
        const a = (await readPerImageCsv(pathFrom(io, runA))).sort(byImage);
        const b = (await readPerImageCsv(pathFrom(io, runB))).sort(byImage);
        const rows = compareRuns(a, b, { metrics, seed: flags.seed });
        if (flags.json) io.out(`${JSON.stringify({ images: a.length, rows }, null, 2)}\n`);
        else io.out(comparisonText(rows, a.length));
        return EXIT.ok;
      }),
    );
};

function metricNames(list: string | undefined): readonly MetricName[] {
  if (list === undefined) return PAPER_METRICS;
  return list.split(",").map((name) => {
    const metric = METRICS.find((known) => known === name.trim());
    if (!metric)
      throw new CommandError(`--metrics: ${JSON.stringify(name)} is no metric. Known: ${METRICS.join(", ")}`);
    return metric;
  });
}

/** The comparison as a table with a sentence on how to read it. */
export function comparisonText(rows: readonly Comparison[], images: number): string {
  const n = (x: number, digits = 4) => (Number.isFinite(x) ? x.toFixed(digits) : "-");
  const table = textTable(
    ["metric", "A", "B", "A - B", "95 % interval", "p", "p (Holm)", "effect", "n", "better"],
    rows.map((r) => [
      r.metric,
      n(r.meanA),
      n(r.meanB),
      n(r.difference),
      `${n(r.low)} .. ${n(r.high)}`,
      n(r.pValue),
      n(r.pHolm),
      n(r.effect, 2),
      r.leftOut > 0 ? `${r.n} (-${r.leftOut})` : String(r.n),
      r.better === "equal" ? "=" : r.better.toUpperCase(),
    ]),
  );
  const few = images < 6 ? `With ${images} images no difference can reach p < 0.05: evaluate on more.\n` : "";
  return `${table}\n${few}p: paired Wilcoxon, two-sided; effect: rank-biserial correlation in [-1, 1]; hd and hd95 are better when smaller.\n`;
}
