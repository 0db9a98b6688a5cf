import { escapeHtml } from "./html";

/** One line of a chart. */
export interface Series {
  name: string;
  /** (x, y), x ascending; values that are not finite break the line. */
  points: readonly (readonly [number, number])[];
}

/** Options of {@link lineChart}. */
export interface ChartOptions {
  title: string;
  xLabel: string;
  /** Draws a running mean over the values, the values themselves pale behind it. */
  smooth?: boolean;
  /** Marks the values of a short series; default true. */
  dots?: boolean;
  /** Fixed range of y; by default that of the values. */
  range?: readonly [number, number];
  /** Horizontal line, such as chance level. */
  reference?: { value: number; name: string };
}

const WIDTH = 460;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 12;
const TOP = 34;
const BOTTOM = 36;
/** More points than pixels help nobody and make the file large. */
const MAX_POINTS = 400;

/** A line chart as SVG. Colours are CSS classes `s0`, `s1`, ..., so that they follow the page. */
export function lineChart(series: readonly Series[], options: ChartOptions): string {
  const finite = series.map(({ name, points }) => ({ name, points: points.filter(([, y]) => Number.isFinite(y)) }));
  const all = finite.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const xs = all.map(([x]) => x);
  const shown = finite.map(({ points }) => (options.smooth ? runningMean(points) : points));
  const [x0, x1] = widen(
    xs.reduce((a, b) => Math.min(a, b)),
    xs.reduce((a, b) => Math.max(a, b)),
  );
  const [y0, y1] =
    options.range ??
    yRange(
      all.map(([, y]) => y),
      options.reference?.value,
    );
  const px = (x: number) => LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number) =>
    HEIGHT - BOTTOM - ((Math.min(y1, Math.max(y0, y)) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const path = (points: readonly (readonly [number, number])[]) =>
    thin(points)
      .map(([x, y], i) => `${i === 0 ? "M" : "L"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`)
      .join("");
  const dots = (points: readonly (readonly [number, number])[], k: number) =>
    points.length <= 40 && options.dots !== false
      ? points
          .map(([x, y]) => `<circle class="s${k}" cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="2.5"/>`)
          .join("")
      : "";
  const lines = finite.map(({ points }, k) => {
    const pale = options.smooth ? `<path class="line s${k} pale" d="${path(points)}"/>` : "";
    return `${pale}<path class="line s${k}" d="${path(shown[k]!)}"/>${options.smooth ? "" : dots(points, k)}`;
  });
  const reference = options.reference
    ? `<path class="reference" d="M${LEFT} ${py(options.reference.value).toFixed(1)}H${WIDTH - RIGHT}"/>` +
      `<text class="tick" x="${WIDTH - RIGHT}" y="${(py(options.reference.value) - 4).toFixed(1)}" text-anchor="end">${escapeHtml(options.reference.name)}</text>`
    : "";
  return (
    `<figure class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(options.title)}">` +
    `<text class="title" x="${LEFT}" y="18">${escapeHtml(options.title)}</text>` +
    grid(x0, x1, y0, y1, px, py) +
    reference +
    lines.join("") +
    `<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${escapeHtml(options.xLabel)}</text>` +
    `</svg>${legend(finite)}</figure>`
  );
}

function legend(series: readonly Series[]): string {
  const entries = series.map(({ name, points }, k) => {
    const last = points.at(-1)?.[1];
    return `<span class="key"><i class="s${k}"></i>${escapeHtml(name)}${last === undefined ? "" : ` <b>${shortNumber(last)}</b>`}</span>`;
  });
  return `<figcaption>${entries.join("")}</figcaption>`;
}

function grid(
  x0: number,
  x1: number,
  y0: number,
  y1: number,
  px: (x: number) => number,
  py: (y: number) => number,
): string {
  const yTicks = ticks(y0, y1, 4);
  const tickText = axisNumbers(yTicks);
  const rows = yTicks.map(
    (y, i) =>
      `<path class="grid" d="M${LEFT} ${py(y).toFixed(1)}H${WIDTH - RIGHT}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${tickText[i]}</text>`,
  );
  const columns = ticks(x0, x1, 5).map(
    (x) =>
      `<text class="tick" x="${px(x).toFixed(1)}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${shortNumber(x)}</text>`,
  );
  return rows.join("") + columns.join("");
}

/** Round numbers inside [low, high], about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const out: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) out.push(k * step + 0);
  return out;
}

/** A number for an axis: few digits, no noise of floating point. */
export function shortNumber(x: number): string {
  return rounded(x, 3);
}

function rounded(x: number, digits: number): string {
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 10_000 || size < 1e-3) return x.toExponential(1).replace("e+", "e").replace(".0e", "e");
  return String(Number(x.toPrecision(digits)));
}

/** The numbers of one axis, all in the form that its largest one needs. */
function axisNumbers(values: readonly number[]): string[] {
  // As many digits as tell neighbours apart: a curve may move by less than a thousandth.
  const forms = [3, 4, 5, 6, 7].map((digits) => values.map((x) => rounded(x, digits)));
  const texts = forms.find((some) => new Set(some).size === some.length) ?? forms[0]!;
  if (!texts.some((text) => text.includes("e"))) return texts;
  const power = Math.floor(Math.log10(values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)));
  return values.map((x) => (x === 0 ? "0" : `${Number((x / 10 ** power).toPrecision(3))}e${power}`));
}

/** A single step gets room to its left: the run began at 0. */
function widen(low: number, high: number): [number, number] {
  return low < high ? [low, high] : [Math.min(0, low), Math.max(low + 1, high)];
}

/** The range of nearly all values: one early spike must not flatten the rest of the curve. */
function yRange(values: readonly number[], reference: number | undefined): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  let low = sorted[0]!;
  let high = sorted[Math.ceil(0.99 * (sorted.length - 1))]!;
  if (reference !== undefined) [low, high] = [Math.min(low, reference), Math.max(high, reference)];
  const margin = low < high ? 0.06 * (high - low) : Math.max(1e-9, 0.1 * Math.abs(high));
  const bottom = low - margin;
  return [low >= 0 && bottom < 0 ? 0 : bottom, high + margin];
}

function runningMean(points: readonly (readonly [number, number])[]): [number, number][] {
  const width = Math.max(1, Math.floor(points.length / 40));
  let sum = 0;
  return points.map(([x, y], i) => {
    sum += y;
    if (i >= width) sum -= points[i - width]![1];
    return [x, sum / Math.min(i + 1, width)];
  });
}

/** At most {@link MAX_POINTS}: the lowest and highest of every stretch, so that spikes stay. */
function thin(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  if (points.length <= MAX_POINTS) return points;
  const stretch = (2 * points.length) / MAX_POINTS;
  const kept = [points[0]!];
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(Math.floor(start), Math.floor(start + stretch));
    if (part.length === 0) continue;
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(low[0] <= high[0] ? [low, high] : [high, low]));
  }
  kept.push(points.at(-1)!);
  return kept;
}
