import { type Aggregate, aggregate, type EvaluationRow } from "@ama-sam/metrics";
import { percent } from "../text";
import { lineChart, type Series } from "./chart";
import { DEFINITIONS, METRIC_TITLES } from "./definitions";
import { escapeHtml, htmlTable, pngUri } from "./html";
import { STYLE } from "./style";

/** Accuracy of a linear classifier that guesses the domain from features, at a step. */
export interface ProbePoint {
  step: number;
  /** On the features of primary and auxiliary images that it did not see. */
  accuracy: number;
  primary: number;
  auxiliary: number;
}

/** A step's row of `metrics.csv`. */
export interface StepRow {
  step: number;
  lr: number;
  lambda: number;
  loss: number;
  fine: number;
  coarse: number;
  domain: number;
  gradNorm: number;
  /** Whether its update was left out, because a value was not finite. */
  skipped: boolean;
}

/** Everything that a report shows. Parts that a run does not have stay empty. */
export interface ReportData {
  title: string;
  /** One sentence under the title. */
  subtitle: string;
  steps: readonly StepRow[];
  validation: readonly { step: number; dsc: number }[];
  probe: readonly ProbePoint[];
  perImage: readonly EvaluationRow[];
  /** How masks became nuclei, in words. */
  protocol: string;
  /** Other methods on the same images, such as thresholds. */
  baselines: readonly { name: string; dsc: number; aji: number; pq: number }[];
  overlays: readonly { title: string; png: Uint8Array }[];
  /** How many of the images took part in the training; null where that is not known. */
  seen: number | null;
  configYaml: string;
  environment: Readonly<Record<string, unknown>>;
}

const SHOWN = ["dsc", "iou", "macroF1", "hd", "aji", "dq", "sq", "pq"] as const;

/** The report: one HTML file without scripts and without requests. */
export function reportHtml(data: ReportData): string {
  const mean = data.perImage.length > 0 ? aggregate(data.perImage) : null;
  const sections = [
    headline(mean, data),
    baselines(data, mean),
    curves(data),
    probe(data),
    images(data),
    table(data, mean),
    definitions(mean, data.protocol),
    "<h2>How to make it again</h2>",
    folded("Configuration", data.configYaml),
    folded("Environment", JSON.stringify(data.environment, null, 2)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(data.title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(data.title)}</h1><p class="soft">${escapeHtml(data.subtitle)}</p>
${sections.filter((section) => section !== "").join("\n")}
<p class="soft">For research. Not a medical device, not for diagnosis.</p>
</body></html>
`;
}

function folded(title: string, text: string): string {
  return `<details><summary>${title}</summary><pre>${escapeHtml(text)}</pre></details>`;
}

function headline(mean: Aggregate | null, { perImage, validation, seen }: ReportData): string {
  if (!mean)
    return `<p class="note">No scores on test images are here. A run with a test set gets them at its end; <code>ama-sam evaluate --run RUN --data FOLDER</code> scores a model on other images, in a folder and a report of their own.</p>`;
  const tile = (name: (typeof SHOWN)[number]) =>
    `<div class="tile"><b>${name === "hd" ? mean.hd.toFixed(2) : percent(mean[name])}</b><span>${METRIC_TITLES[name]}${name === "hd" ? ", pixels" : ", %"}</span></div>`;
  const images = perImage.length === 1 ? "On 1 test image" : `Means over ${perImage.length} test images`;
  // As the trainer chooses: the first of the highest.
  const best = validation
    .filter(({ dsc }) => Number.isFinite(dsc))
    .reduce<{ step: number; dsc: number } | null>((a, b) => (a && a.dsc >= b.dsc ? a : b), null);
  const which = best
    ? ` Weights: those of step ${best.step}, with the best validation DSC (${percent(best.dsc)} %).`
    : "";
  return `<div class="tiles">${SHOWN.map(tile).join("")}</div><p class="soft">${images}${partOf(seen)}; definitions are below.${which}</p>`;
}

/** What the images had to do with the training. */
function partOf(seen: number | null): string {
  if (seen === null) return "";
  return seen === 0
    ? " that took no part in the training"
    : `, <strong>${seen} of which took part in the training</strong>: the scores flatter the model`;
}

function baselines({ baselines: rows, perImage }: ReportData, mean: Aggregate | null): string {
  if (rows.length === 0) return "";
  const all = [...(mean ? [{ name: "this model", dsc: mean.dsc, aji: mean.aji, pq: mean.pq }] : []), ...rows];
  return (
    `<h2>Beside classical methods</h2><p class="soft">The same ${perImage.length} test images, the same step from mask to nuclei.</p>` +
    htmlTable(
      ["method", "DSC", "AJI", "PQ"],
      all.map((r) => [r.name, percent(r.dsc), percent(r.aji), percent(r.pq)]),
    )
  );
}

function curves({ steps, validation }: ReportData): string {
  const of = (name: string, key: Exclude<keyof StepRow, "step" | "skipped">): Series => ({
    name,
    points: steps.map((row) => [row.step, row[key]] as const),
  });
  const some = (key: "domain" | "gradNorm") => steps.some((row) => Number.isFinite(row[key]));
  const smooth = { xLabel: "step", smooth: true };
  const ramp = new Set(steps.map(({ lambda }) => lambda)).size > 1;
  const charts = [
    lineChart([of("total", "loss")], { title: "Loss", ...smooth }),
    lineChart([of("fine", "fine"), of("coarse", "coarse")], { title: "Segmentation losses", ...smooth }),
    some("domain") ? lineChart([of("domain", "domain")], { title: "Domain loss", ...smooth }) : "",
    lineChart([{ name: "DSC", points: validation.map((v) => [v.step, v.dsc] as const) }], {
      title: "Validation DSC",
      xLabel: "step",
    }),
    lineChart([of("rate", "lr")], { title: "Learning rate", xLabel: "step", dots: false }),
    ramp
      ? lineChart([of("lambda", "lambda")], { title: "Strength of the reversed gradient", xLabel: "step", dots: false })
      : "",
    some("gradNorm") ? lineChart([of("L2 norm", "gradNorm")], { title: "Gradient, before clipping", ...smooth }) : "",
  ].filter((chart) => chart !== "");
  if (charts.length === 0) return "";
  const skipped = steps.filter((row) => row.skipped).map((row) => row.step);
  const note =
    skipped.length > 0
      ? `<p class="note">${skipped.length} of ${steps.length} steps gave NaN or infinity and were skipped: ${skipped.slice(0, 20).join(", ")}${skipped.length > 20 ? ", ..." : ""}.</p>`
      : "";
  return (
    `<h2>Training</h2><p class="soft">Pale: every step. Dark: its running mean. Numbers: the last value.</p>${note}` +
    `<div class="charts">${charts.join("")}</div>`
  );
}

function probe({ probe: points }: ReportData): string {
  if (points.length === 0) return "";
  const of = (name: string, key: "accuracy" | "primary" | "auxiliary"): Series => ({
    name,
    points: points.map((p) => [p.step, p[key]] as const),
  });
  const chart = lineChart([of("all", "accuracy"), of("primary", "primary"), of("auxiliary", "auxiliary")], {
    title: "Domain probe accuracy",
    xLabel: "step",
    range: [0, 1],
    reference: { value: 0.5, name: "chance" },
  });
  return (
    `<h2>Do the features still tell the domains apart?</h2><p class="soft">A linear classifier is trained on the encoder's pooled features to tell ` +
    `primary from auxiliary images, and tested on images that it did not see; both domains weigh the same. Near 50 % the domains look alike.</p>` +
    `<div class="charts">${chart}</div>`
  );
}

function images({ overlays }: ReportData): string {
  if (overlays.length === 0) return "";
  const figure = ({ title, png }: ReportData["overlays"][number]) =>
    `<figure><img alt="${escapeHtml(title)}" src="${pngUri(png)}"><figcaption>${escapeHtml(title)}</figcaption></figure>`;
  const row = (name: string, some: ReportData["overlays"]) =>
    some.length > 0 ? `<h3>${name}</h3><div class="overlays">${some.map(figure).join("")}</div>` : "";
  // They come from the best to the worst.
  const half = Math.ceil(overlays.length / 2);
  return (
    `<h2>Best and worst images</h2><p><span class="key"><i class="tp"></i>true positive</span><span class="key"><i class="fp"></i>false positive</span>` +
    `<span class="key"><i class="fn"></i>false negative</span><span class="soft">outlines of the true nuclei in white</span></p>` +
    row("Best", overlays.slice(0, half)) +
    row("Worst", overlays.slice(half).reverse())
  );
}

function table({ perImage }: ReportData, mean: Aggregate | null): string {
  if (!mean) return "";
  const columns = ["dsc", "iou", "precision", "recall", "hd", "hd95", "aji", "dq", "sq", "pq"] as const;
  const cell = (name: (typeof columns)[number], value: number) =>
    name === "hd" || name === "hd95" ? numberOrWord(value) : percent(value);
  const rows = perImage.map((row) => [
    row.image ?? "",
    ...columns.map((name) => cell(name, row[name])),
    `${row.tp} / ${row.fp} / ${row.fn}`,
  ]);
  const last = ["mean", ...columns.map((name) => cell(name, mean[name])), ""];
  const header = [
    "image",
    "DSC",
    "IoU",
    "precision",
    "recall",
    "HD",
    "HD95",
    "AJI",
    "DQ",
    "SQ",
    "PQ",
    "nuclei TP / FP / FN",
  ];
  return `<h2>Every test image</h2>${htmlTable(header, [...rows, last])}`;
}

const numberOrWord = (x: number): string =>
  Number.isFinite(x) ? x.toFixed(2) : Number.isNaN(x) ? "undefined" : "infinite";

function definitions(mean: Aggregate | null, protocol: string): string {
  if (!mean) return "";
  const { nan, inf } = mean.leftOut.hd;
  const names = ["dsc", "iou", "precision", "recall", "macroF1", "hd", "hd95", "aji", "dq", "sq", "pq"] as const;
  const entries = names.map((name) => `<dt>${METRIC_TITLES[name]}</dt><dd>${escapeHtml(DEFINITIONS[name] ?? "")}</dd>`);
  const left = nan + inf > 0 ? ` The mean HD leaves out ${nan + inf} image(s) where it is undefined or infinite.` : "";
  return `<h2>What the numbers mean</h2><dl>${entries.join("")}</dl><p>${escapeHtml(protocol)}${left}</p>`;
}
