import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stateShapes } from "@ama-sam/nn";
import { goldenDir } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { AmaSamError } from "../errors";
import { AmaSam, isSamParameter } from "./ama-sam";
import { PRESETS } from "./config";

const manifests = JSON.parse(readFileSync(join(goldenDir(), "checkpoints", "sam_manifests.json"), "utf8"));
const size = (shapes: Iterable<readonly number[]>) => [...shapes].reduce((n, s) => n + s.reduce((a, b) => a * b, 1), 0);

test.each(["vit-b", "vit-l", "vit-h"] as const)(
  "%s: SAM's part is SAM's checkpoint, the rest has names of its own",
  (name) => {
    const all = stateShapes((b) => new AmaSam(b, PRESETS[name]));
    const sam = new Map([...all].filter(([n]) => isSamParameter(n)));
    expect(Object.fromEntries(sam)).toEqual(manifests[name.replace("-", "_")].tensors);
    const parts = new Set([...all.keys()].filter((n) => !isSamParameter(n)).map((n) => n.split(".")[0]));
    expect(parts).toEqual(new Set(["image_encoder", "discriminator", "spgen", "hr_decoder"]));
  },
);

test("what is trained is a few MB next to SAM", () => {
  const all = stateShapes((b) => new AmaSam(b, PRESETS["vit-b"]));
  const own = size([...all].filter(([n]) => !isSamParameter(n)).map(([, s]) => s));
  expect(own / 1e6).toBeGreaterThan(3.5);
  expect(own / 1e6).toBeLessThan(4.2);
});

test("nano has SAM's names at other sizes", () => {
  const names = (preset: "nano" | "vit-b") =>
    [...stateShapes((b) => new AmaSam(b, PRESETS[preset])).keys()].filter((n) => !/blocks\.\d/.test(n));
  expect(names("nano")).toEqual(names("vit-b"));
});

test("parts that do not fit together are an AmaSamError", () => {
  const { encoder } = PRESETS.nano;
  for (const change of [{ outChannels: 32 }, { imageSize: 256 }, { patchSize: 16 }])
    expect(() => stateShapes((b) => new AmaSam(b, { ...PRESETS.nano, encoder: { ...encoder, ...change } }))).toThrow(
      AmaSamError,
    );
});
