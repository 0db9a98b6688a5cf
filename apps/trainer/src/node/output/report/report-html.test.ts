import { decodePng, encodePng } from "@ama-sam/data";
import { evaluate } from "@ama-sam/metrics";
import { describe, expect, test } from "vitest";
import { lineChart, shortNumber, ticks } from "./chart";
import { errorOverlay } from "./overlay";
import { type ReportData, reportHtml } from "./report-html";

const map = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });
const png = encodePng({ width: 1, height: 1, channels: 1, bitDepth: 8, data: Uint8Array.of(1) });

const data: ReportData = {
  title: "run <script>alert(1)</script>",
  subtitle: "sub",
  steps: [1, 2, 3].map((step) => ({
    step,
    lr: 1e-3,
    lambda: step / 3,
    loss: 3 / step,
    fine: 1 / step,
    coarse: 2 / step,
    domain: 0.7,
    gradNorm: step,
    skipped: step === 2,
  })),
  validation: [{ step: 2, dsc: 0.5 }],
  probe: [{ step: 0, accuracy: 0.9, primary: 1, auxiliary: 0.8 }],
  perImage: [
    { ...evaluate(map(1, 1, 0), map(1, 1, 0)), image: "good" },
    { ...evaluate(map(0, 0, 0), map(1, 0, 0)), image: '"bad" & <worse>' },
  ],
  protocol: "Nuclei: 4-connected components.",
  baselines: [{ name: "Otsu on luminance", dsc: 0.4, aji: 0.3, pq: 0.2 }],
  overlays: [{ title: "good: DSC 100", png }],
  seen: 0,
  configYaml: "train:\n  lr: 1\n",
  environment: { adapter: { name: "a GPU" } },
};

describe("the report", () => {
  const html = reportHtml(data);

  test("holds curves, scores, images, definitions, configuration and adapter", () => {
    for (const part of [
      "Loss",
      "Segmentation losses",
      "Domain loss",
      "Validation DSC",
      "Learning rate",
      "Strength of the reversed gradient",
      "Gradient, before clipping",
      "1 of 3 steps gave NaN or infinity and were skipped: 2.",
      "Means over 2 test images",
      "those of step 2, with the best validation DSC (50.00 %)",
      "Domain probe accuracy",
      "chance",
    ])
      expect(html).toContain(part);
    for (const part of [
      "Otsu on luminance",
      "good: DSC 100",
      "true positive",
      "Hausdorff distance in pixels",
      "Share of the true foreground pixels",
      "4-connected",
      "lr: 1",
      "a GPU",
    ])
      expect(html).toContain(part);
    expect(html).toContain("<td>infinite</td>");
    expect(html).toContain("leaves out 1 image(s)");
    expect(html).toContain("not for diagnosis");
  });

  test("asks nothing of a network and runs no script", () => {
    expect(html).not.toMatch(/<script|<link|@import|url\(|<iframe/);
    expect(
      [...html.matchAll(/(?:src|href)="([^"]*)"/g)].every(([, uri]) => uri!.startsWith("data:image/png;base64,")),
    ).toBe(true);
    expect(html).toContain("default-src 'none'");
  });

  test("escapes names that come from outside", () => {
    expect(html).toContain("run &lt;script&gt;");
    expect(html).toContain("&quot;bad&quot; &amp; &lt;worse&gt;");
  });

  test("an unfinished run has a report too", () => {
    const early = reportHtml({
      ...data,
      steps: [],
      validation: [],
      probe: [],
      perImage: [],
      overlays: [],
      baselines: [],
    });
    expect(early).toContain("No scores on test images are here");
  });
});

describe("charts", () => {
  test("round ticks inside the range", () => {
    expect(ticks(0, 1, 4).map(shortNumber)).toEqual(["0", "0.5", "1"]);
    expect(ticks(0.1, 0.9, 4).map(shortNumber)).toEqual(["0.2", "0.4", "0.6", "0.8"]);
    expect(ticks(0, 200, 5)).toEqual([0, 50, 100, 150, 200]);
  });

  test("ticks that differ read different", () => {
    const points = [0, 1, 2].map((x) => [x, 0.2 + 2e-4 * x] as const);
    const svg = lineChart([{ name: "x", points }], { title: "t", xLabel: "step", dots: false });
    const shown = [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, text]) => text);
    expect(shown.length).toBeGreaterThan(1);
    expect(new Set(shown).size).toBe(shown.length);
  });

  test("an axis has one form of number", () => {
    const points = [0, 1, 2].map((x) => [x, 7.5e-4 * x] as const);
    const svg = lineChart([{ name: "x", points }], { title: "t", xLabel: "step", dots: false });
    expect([...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, text]) => text)).toEqual([
      "0",
      "0.5e-3",
      "1e-3",
      "1.5e-3",
    ]);
    expect(svg).not.toContain("<circle");
  });

  test("values that are not finite leave no mark", () => {
    const svg = lineChart(
      [
        {
          name: "x",
          points: [
            [1, Number.NaN],
            [2, 1],
            [3, 2],
          ],
        },
      ],
      { title: "t", xLabel: "step" },
    );
    expect(svg).not.toContain("NaN");
    expect(lineChart([{ name: "x", points: [[1, Number.NaN]] }], { title: "t", xLabel: "step" })).toBe("");
  });

  test("a long run stays small, and a spike stays visible", () => {
    const points = Array.from({ length: 100_000 }, (_, i) => [i, i === 500 ? -5 : Math.sin(i)] as const);
    const svg = lineChart([{ name: "x", points }], { title: "t", xLabel: "step" });
    expect(svg.length).toBeLessThan(20_000);
  });
});

test("overlays colour right, wrong and missed pixels", () => {
  const image = { width: 4, height: 1, channels: 3, bitDepth: 8 as const, data: new Uint8Array(12).fill(100) };
  const overlay = decodePng(
    errorOverlay(image, { width: 4, height: 1, data: [1, 1, 0, 0] }, { width: 4, height: 1, data: [0, 0, 0, 0] }),
  );
  const pixel = (x: number) => [...overlay.data.slice(3 * x, 3 * x + 3)];
  expect(pixel(0)[0]!).toBeGreaterThan(pixel(0)[2]!); // false positive: orange
  expect(pixel(3)).toEqual([100, 100, 100]);
});
