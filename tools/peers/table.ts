import { OURS } from "./protocol";
import { type Clock, type LibraryResult, type OpResult, type Report, ratesOf, verdict } from "./result";

const MIB = 2 ** 20;
const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
const digits = (x: number) => (x >= 10 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2));

function cell(result: LibraryResult | undefined, op: OpResult, clock: Clock, processors: number): string {
  if (!result) return "-";
  if (result.unsupported) return "cannot";
  if (result.failed) return "failed";
  if (!result.time) return "-";
  const work = op.flops > 0 ? op.flops : op.bytes;
  const rate = digits(ratesOf(work, result.time, processors)[clock]);
  return result.right ? rate : `(${rate}) wrong`;
}

/** A Markdown table: rates, ours against the fastest peer that is right, share of the peak, worst error. */
export function rateTable({ results, processors }: Report, libraries: readonly string[], clock: Clock): string {
  const head = ["op", "unit", ...libraries, "ours / fastest peer", "share of peak", "our error"];
  const rows = results.map((r) => {
    const v = verdict(r, OURS, clock, processors);
    const error = r.libraries[OURS]?.error;
    return [
      r.op,
      r.flops > 0 ? "GFLOP/s" : "GB/s",
      ...libraries.map((name) => cell(r.libraries[name], r, clock, processors)),
      v ? `${v.ratio < 1 ? "**" : ""}${digits(v.ratio)} x${v.ratio < 1 ? "**" : ""} (${v.peer})` : "-",
      v ? percent(v.share) : "-",
      error === undefined ? "-" : error.toExponential(0),
    ];
  });
  return markdown([head, ...rows]);
}

/** A Markdown table: seconds by wall and processor, and peak bytes of live buffers. */
export function costTable({ results }: Report, libraries: readonly string[]): string {
  const head = ["op", ...libraries.map((name) => `${name}: s (processor s), peak MiB`)];
  const cost = ({ time, counted }: LibraryResult) =>
    time && counted
      ? `${(time.ms / 1000).toFixed(2)} (${(time.cpuMs / 1000).toFixed(2)}), ${(counted.peakBytes / MIB).toFixed(2)}`
      : "-";
  const rows = results.map((r) => [
    r.op,
    ...libraries.map((name) => (r.libraries[name] ? cost(r.libraries[name]) : "-")),
  ]);
  return markdown([head, ...rows]);
}

function markdown(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  lines.splice(1, 0, `|${" --- |".repeat(rows[0].length)}`);
  return lines.join("\n");
}

/** Lines about what is wrong: wrong results, failures, ops in which a peer is faster. */
export function findings({ results, processors }: Report, clock: Clock): string[] {
  return results.flatMap((r) => {
    const lines: string[] = [];
    for (const [name, { failed, right, error }] of Object.entries(r.libraries)) {
      if (failed) lines.push(`${name} failed: ${r.op}: ${failed.split("\n")[0]}`);
      else if (right === false) lines.push(`${name} is wrong: ${r.op}: error ${error?.toExponential(1)}`);
    }
    const v = verdict(r, OURS, clock, processors);
    if (v && v.ratio < 1) lines.push(`slower than ${v.peer}: ${r.op}: ${v.ratio.toFixed(2)} x`);
    return lines;
  });
}
