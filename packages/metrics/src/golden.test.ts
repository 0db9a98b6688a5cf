import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  evaluateCase,
  type MetricsManifest,
  type MetricsTensor,
  runMetricsAggregate,
  runMetricsCase,
} from "../test-support/golden-metrics";
import { readTensors } from "../test-support/safetensors";
import { connectedComponents } from "./index";

/** Another seed's folder can be tested in place of the committed one. */
const root = process.env.AMA_SAM_GOLDEN_DIR ?? fileURLToPath(new URL("../../../test/golden", import.meta.url));
const dir = join(root, "metrics");
const ids = readdirSync(dir)
  .filter((f) => f.endsWith(".safetensors"))
  .map((f) => f.slice(0, -".safetensors".length))
  .sort();
const json = (name: string) => JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));
const tensors = (id: string) => readTensors(join(dir, `${id}.safetensors`));

describe("golden metrics", () => {
  it("finds every case of the index", () => {
    const index = join(root, "index.json");
    const listed = existsSync(index) ? JSON.stringify(JSON.parse(readFileSync(index, "utf8"))) : "";
    for (const id of ids) expect(listed).toContain(id);
    expect(ids.length).toBeGreaterThanOrEqual(28);
  });

  it.each(ids)("%s", (id) => {
    const checks = runMetricsCase(json(id) as MetricsManifest, tensors(id));
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
  });

  it("aggregate", () => {
    const expected = json("aggregate") as { over: string[]; macro_f1: number; mean_dice: number };
    const rows = expected.over.map((id) => evaluateCase(tensors(id)));
    expect(runMetricsAggregate(expected, rows).filter((c) => !c.ok)).toEqual([]);
  });

  it("components_4: the prediction is the 4-connected labelling of the truth's foreground", () => {
    const { "in.pred": pred, "in.gt": gt } = tensors("components_4") as Record<
      string,
      MetricsTensor & { data: Int32Array }
    >;
    const [height, width] = gt!.shape as [number, number];
    expect(connectedComponents({ data: gt!.data, width, height }, 4).data).toEqual(pred!.data);
  });

  it("notices a wrong number", () => {
    const manifest = json("perturbed_1");
    manifest.attrs.expected.aji += 2e-9;
    const wrong = runMetricsCase(manifest, tensors("perturbed_1")).filter((c) => !c.ok);
    expect(wrong.map((c) => c.name)).toEqual(["aji"]);
  });
});
