/** One line of a panel. */
export interface Line {
  label: string;
  /** Which of the three colours. */
  color: 0 | 1 | 2;
  dash: "solid" | "dashed" | "dotted";
  points: readonly (readonly [x: number, y: number])[];
}

/** A plot with logarithmic axes. */
export interface Panel {
  title: string;
  /** Label of a value on the y axis. */
  show(y: number): string;
  lines: readonly Line[];
  /** Horizontal marks. */
  marks?: readonly { y: number; label: string }[];
}

const WIDTH = 440;
const HEIGHT = 360;
const EDGE = { left: 66, right: 16, top: 40, bottom: 64 };
const DASH = { solid: "", dashed: "7 4", dotted: "2 3" };

const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  .paper { fill: #ffffff; } text { fill: #24292f; } .grid { stroke: #d0d7de; } .mark { stroke: #57606a; stroke-dasharray: 1 3; }
  .c0 { stroke: #0969da; } .c1 { stroke: #bc4c00; } .c2 { stroke: #1a7f37; } .plain { stroke: #24292f; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; } .mark { stroke: #8b949e; }
    .c0 { stroke: #58a6ff; } .c1 { stroke: #f0883e; } .c2 { stroke: #3fb950; } .plain { stroke: #e6edf3; }
  }`;

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const text = (x: number, y: number, content: string, anchor = "start") =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;

/** Powers of ten that enclose all values. */
function decades(values: readonly number[]): number[] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: Math.max(1, to - from) + 1 }, (_, i) => 10 ** (from + i));
}

function panelOf({ title, show, lines, marks = [] }: Panel, left: number): string {
  const points = lines.flatMap((l) => l.points);
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const ticks = decades([...points.map(([, y]) => y), ...marks.map(({ y }) => y)]);
  const along = (v: number, from: number, to: number) => Math.log(v / from) / Math.log(to / from);
  const x = (v: number) => left + EDGE.left + along(v, xs[0], xs[xs.length - 1]) * (WIDTH - EDGE.left - EDGE.right);
  const y = (v: number) =>
    HEIGHT - EDGE.bottom - along(v, ticks[0], ticks[ticks.length - 1]) * (HEIGHT - EDGE.top - EDGE.bottom);
  const [x0, x1] = [x(xs[0]), x(xs[xs.length - 1])];
  const line = (className: string, y: number) =>
    `<line class="${className}" x1="${x0}" x2="${x1}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>`;
  return [
    `<text x="${left + EDGE.left}" y="22" font-weight="600">${escaped(title)}</text>`,
    ...ticks.map((t) => line("grid", y(t)) + text(x0 - 8, y(t) + 4, show(t), "end")),
    ...xs.map((v) => text(x(v), HEIGHT - EDGE.bottom + 18, String(v), "middle")),
    text((x0 + x1) / 2, HEIGHT - EDGE.bottom + 36, "side of the image, pixels", "middle"),
    ...marks.map((m) => line("mark", y(m.y)) + text(x0 + 4, y(m.y) - 4, m.label)),
    ...lines.map(({ label, color, dash, points }) => {
      const path = points.map(([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join("");
      return `<path class="c${color}" fill="none" stroke-width="2" stroke-dasharray="${DASH[dash]}" d="${path}"><title>${escaped(label)}</title></path>`;
    }),
  ].join("\n");
}

/** What colours and dashes mean. */
export interface Legend {
  colors: readonly string[];
  dashes: readonly (readonly [Line["dash"], string])[];
}

/** Panels side by side over one legend, as an SVG that follows the reader's light or dark theme. */
export function plot(panels: readonly Panel[], { colors, dashes }: Legend): string {
  const width = WIDTH * panels.length;
  const y = HEIGHT - 6;
  const entries = [
    ...colors.map((label, i) => ({ label, className: `c${i}`, dash: DASH.solid })),
    ...dashes.map(([dash, label]) => ({ label, className: "plain", dash: DASH[dash] })),
  ];
  let x = EDGE.left;
  const legend = entries.map(({ label, className, dash }) => {
    const sample = `<line class="${className}" stroke-width="2" stroke-dasharray="${dash}" x1="${x}" x2="${x + 26}" y1="${y - 4}" y2="${y - 4}"/>`;
    const entry = sample + text(x + 32, y, label);
    x += 60 + 7 * label.length;
    return entry;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" role="img"><title>${escaped(panels.map((p) => p.title).join("; "))}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${width}" height="${HEIGHT}"/>
${panels.map((p, i) => panelOf(p, i * WIDTH)).join("\n")}
${legend.join("\n")}
</svg>
`;
}
