import { expect, test } from "vitest";
import { plot } from "./svg";

const line = { label: "ViT-B <&>", color: 0 as const, dash: "dashed" as const };

test("a plot places values on logarithmic axes and escapes labels", () => {
  const points = [
    [256, 1],
    [512, 10],
    [1024, 100],
  ] as const;
  const svg = plot([{ title: "time", show: String, lines: [{ ...line, points }] }], { colors: ["ViT-B"], dashes: [] });
  const path =
    svg
      .match(/ d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/)
      ?.slice(1)
      .map(Number) ?? [];
  const [x0, y0, x1, y1, x2, y2] = path;
  expect(x1).toBeCloseTo((x0 + x2) / 2, 1);
  expect(y1).toBeCloseTo((y0 + y2) / 2, 1);
  expect(y2).toBeLessThan(y0);
  expect(svg).toContain("ViT-B &lt;&amp;>");
  expect(svg).toContain("prefers-color-scheme: dark");
});
