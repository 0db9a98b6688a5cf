import { median } from "../bench/median";
import { total } from "./count";
import type { DryResult, Task } from "./dry";
import type { Family } from "./families";
import type { Profile } from "./profile";
import { atRates, boundsOf, type FamilyRates, GPUS, mainBound, ratesOf, type Shares, sumMs } from "./project";
import { type Line, plot } from "./svg";

/** A real run beside the dry one. */
export interface Measured {
  preset: string;
  size: number;
  batch: number;
  task: Task;
  profile: Profile;
}

/** Everything that the tables and the plot are made of. */
export interface CostReport {
  dry: DryResult[];
  measured: Measured[];
}

const GIB = 2 ** 30;
export const TASKS: Record<Task, string> = {
  encode: "encoder forward",
  train: "training step",
  recompute: "training step, recomputing",
};

/** Shares of the peaks that a projection assumes: about what the kernels reach on software adapters. */
export const ASSUMED: Shares = { products: 0.3, attention: 0.25, bandwidth: 0.5 };

export function markdown(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  lines.splice(1, 0, `|${" --- |".repeat(rows[0].length)}`);
  return lines.join("\n");
}

export const seconds = (ms: number): string => {
  const s = ms / 1000;
  return s >= 100 ? s.toFixed(0) : s >= 1 ? s.toFixed(1) : s.toPrecision(2);
};
const gib = (bytes: number) => (bytes / GIB).toFixed(1);
const count = (x: number) => (x >= 1e15 ? `${(x / 1e15).toFixed(1)} P` : `${(x / 1e12).toFixed(2)} T`);

const same = (a: DryResult, m: Measured) =>
  a.preset === m.preset && a.size === m.size && a.batch === m.batch && a.task === m.task;

/** Rates of every family per task, from the largest measured run of that task. */
function measuredRates({ dry, measured }: CostReport, processors: number): Partial<Record<Task, FamilyRates>> {
  const rates: Partial<Record<Task, FamilyRates>> = {};
  for (const m of [...measured].sort((a, b) => a.size - b.size)) {
    const work = dry.find((d) => same(d, m))?.work;
    if (work && Object.keys(m.profile.families).length > 0)
      rates[m.task] = ratesOf(work, m.profile.families, m.profile.cpuMs / processors);
  }
  if (rates.train) rates.recompute ??= rates.train;
  return rates;
}

/** Cost of every configuration. */
export function costTable(report: CostReport, processors: number): string {
  const rates = measuredRates(report, processors);
  const adapter = report.measured[0]?.profile.adapter;
  const head = ["model", "image", "batch", "task", "FLOP", "FLOP per byte", "model + peak GiB"];
  const rows = report.dry.map((d) => {
    const { flops, bytes } = total(d.work);
    const real = report.measured.find((m) => same(d, m));
    const own = rates[d.task];
    const projected = own ? atRates(d.work, own) : NaN;
    const time = real
      ? `**${seconds(real.profile.cpuMs / processors)}**`
      : Number.isNaN(projected)
        ? "-"
        : seconds(projected);
    const gpus = GPUS.map((gpu) => {
      const fits = d.peakBytes <= gpu.memoryBytes;
      return fits ? seconds(sumMs(boundsOf(d.work, gpu, ASSUMED))) : "too large";
    });
    return [
      d.preset,
      String(d.size),
      String(d.batch),
      TASKS[d.task],
      count(flops),
      (flops / bytes).toFixed(0),
      `${gib(d.modelBytes)} / ${gib(d.peakBytes)}`,
      ...(adapter ? [time] : []),
      mainBound(boundsOf(d.work, GPUS[0], ASSUMED)),
      ...gpus,
    ];
  });
  const columns = [
    ...head,
    ...(adapter ? [`${adapter}, s`] : []),
    "most of the time on a GPU",
    ...GPUS.map(({ name }) => `${name}, s (projection)`),
  ];
  return markdown([columns, ...rows]);
}

/** What part of the FMA loop's rate around them the middle run reached; nothing where the run's work was not counted. */
function sharesOfPeak({ runs }: Profile, flops: number): string {
  if (flops === 0) return "";
  const percent = (shares: number[]) => `${(100 * median(shares)).toFixed(0)} %`;
  const wall = percent(runs.map((r) => flops / 1e6 / r.ms / r.gflops));
  const cpu = percent(runs.map((r) => flops / 1e6 / r.cpuMs / r.perCpu));
  return `, ${wall} of the FMA peak around it (${cpu} by processor time)`;
}

/** Time of every family of a measured run; rates as if the run took its processor time on idle processors. */
export function familyTable({ dry, measured }: CostReport, processors: number): string {
  return measured
    .map((m) => {
      const work = dry.find((d) => same(d, m))?.work ?? {};
      const all = Object.entries(m.profile.families).sort((a, b) => b[1] - a[1]);
      const sum = all.reduce((ms, [, t]) => ms + t, 0);
      const busy = m.profile.cpuMs / processors / sum; // what waiting for other programs leaves
      const rows = all.map(([family, between]) => {
        const ms = between * busy;
        const name = family as Family;
        const { flops = 0, bytes = 0 } = work[name] ?? {};
        // The count on the null backend knows no copies into panels, which other kernels do not need.
        const moved = family === "layout" ? "" : `${(bytes / ms / 1e6).toFixed(1)} GB/s`;
        const rate = flops > 0 ? `${(flops / ms / 1e6).toFixed(1)} GFLOP/s` : moved;
        return [family, `${((100 * between) / sum).toFixed(0)} %`, String(m.profile.launches[name] ?? 0), rate];
      });
      const kernels = Object.entries(m.profile.kernels).sort((a, b) => b[1] - a[1]);
      const top = kernels.slice(0, 8).map(([name, ms]) => `${name} ${((100 * ms) / sum).toFixed(0)} %`);
      const title = `${m.preset} at ${m.size}, batch ${m.batch}, ${TASKS[m.task]}, ${m.profile.adapter}: ${seconds(m.profile.ms)} s (${seconds(m.profile.cpuMs)} processor s)${sharesOfPeak(m.profile, total(work).flops)}`;
      const table = markdown([["kernels", "time", "launches", "rate"], ...rows]);
      return `${title}\n\n${table}\n\nLargest kernels: ${top.join(", ")}`;
    })
    .join("\n\n");
}

/** A line per model and image size: all three tasks in a cell, `forward / step / step with recomputation`. */
export function summaryTable(report: CostReport, processors: number): string {
  const rates = measuredRates(report, processors);
  const batches = [...new Set(report.dry.map((d) => d.batch))].sort((a, b) => a - b);
  const [first, last] = [batches[0], batches[batches.length - 1]];
  const head = [
    "model",
    "image",
    `TFLOP, batch ${first}`,
    ...[...new Set([first, last])].map((batch) => `peak GiB, batch ${batch}`),
    ...(report.measured.length > 0 ? [`${report.measured[0].profile.adapter}, s`] : []),
    ...GPUS.map(({ name }) => `${name}, s`),
    "most of a step",
  ];
  const lines = new Map<string, DryResult[]>();
  for (const d of report.dry) {
    const key = `${d.preset} ${d.size}`;
    lines.set(key, [...(lines.get(key) ?? []), d]);
  }
  const rows = [...lines.values()].map((all) => {
    const cell = (batch: number, show: (d: DryResult) => string) =>
      (Object.keys(TASKS) as Task[])
        .map((task) => all.find((d) => d.task === task && d.batch === batch))
        .map((d) => (d ? show(d) : "-"))
        .join(" / ");
    const step = all.find((d) => d.task === "train" && d.batch === first) ?? all[0];
    return [
      step.preset,
      String(step.size),
      cell(first, (d) => (total(d.work).flops / 1e12).toFixed(1)),
      ...[...new Set([first, last])].map((batch) => cell(batch, (d) => gib(d.peakBytes))),
      ...(report.measured.length > 0
        ? [cell(first, (d) => seconds(atRates(d.work, rates[d.task] ?? {})).replace("NaN", "-"))]
        : []),
      ...GPUS.map((gpu) =>
        cell(first, (d) => (d.peakBytes > gpu.memoryBytes ? "-" : seconds(sumMs(boundsOf(d.work, gpu, ASSUMED))))),
      ),
      mainBound(boundsOf(step.work, GPUS[0], ASSUMED)),
    ];
  });
  return markdown([head, ...rows]);
}

const PRESET_NAMES = ["vit-b", "vit-l", "vit-h"];
const DASHES: Record<Task, Line["dash"]> = { encode: "dotted", train: "solid", recompute: "dashed" };

/** Memory and projected time at batch 1 as an SVG. */
export function costPlot({ dry }: CostReport): string {
  const [gpu] = GPUS;
  const lines = (value: (d: DryResult) => number): Line[] =>
    PRESET_NAMES.flatMap((preset, color) =>
      (Object.keys(TASKS) as Task[]).map((task) => ({
        label: `${preset}, ${TASKS[task]}`,
        color: color as Line["color"],
        dash: DASHES[task],
        points: dry
          .filter((d) => d.preset === preset && d.task === task && d.batch === 1)
          .sort((a, b) => a.size - b.size)
          .map((d) => [d.size, value(d)] as const),
      })),
    ).filter(({ points }) => points.length > 0);
  const panels = [
    {
      title: "Peak memory, batch 1",
      show: (y: number) => `${y} GiB`,
      lines: lines((d) => d.peakBytes / GIB),
      marks: [8, 24].map((gb) => ({ y: (gb * 1e9) / GIB, label: `${gb} GB card` })),
    },
    {
      title: `Projected time, batch 1, ${gpu.name}`,
      show: (y: number) => (y >= 1 ? `${y} s` : `${Math.round(1000 * y)} ms`),
      lines: lines((d) => sumMs(boundsOf(d.work, gpu, ASSUMED)) / 1000),
    },
  ];
  const dashes = (Object.keys(TASKS) as Task[]).map((task) => [DASHES[task], TASKS[task]] as const);
  return plot(panels, { colors: ["ViT-B", "ViT-L", "ViT-H"], dashes });
}
