import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stateShapes } from "@ama-sam/nn";
import { goldenDir } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { defaultAdapter, type ImageEncoderConfig, samVitB, samVitH, samVitL } from "./config";
import { EncoderError } from "./errors";
import { ImageEncoder } from "./image-encoder";

const manifests = JSON.parse(readFileSync(join(goldenDir(), "checkpoints", "sam_manifests.json"), "utf8"));
const presets: [string, ImageEncoderConfig, number][] = [
  ["vit_b", samVitB, 89.7e6],
  ["vit_l", samVitL, 308.3e6],
  ["vit_h", samVitH, 637e6],
];
const count = (shapes: Map<string, readonly number[]>) =>
  [...shapes.values()].reduce((n, s) => n + s.reduce((a, b) => a * b, 1), 0);

test.each(presets)("names and shapes are those of SAM's %s checkpoint", (variant, config, parameters) => {
  const own = stateShapes((b) => new ImageEncoder(b, config));
  const stored = Object.entries(manifests[variant].tensors).filter(([n]) => n.startsWith("image_encoder."));
  expect(stored.length).toBeGreaterThan(100);
  expect(Object.fromEntries([...own].map(([n, s]) => [`image_encoder.${n}`, s]))).toEqual(Object.fromEntries(stored));
  expect(Math.abs(count(own) / parameters - 1)).toBeLessThan(0.002);
});

test("adapters add their own names only: 3.5 M parameters to ViT-B", () => {
  const plain = stateShapes((b) => new ImageEncoder(b, samVitB));
  const adapted = stateShapes((b) => new ImageEncoder(b, samVitB, { adapter: defaultAdapter }));
  const added = new Map([...adapted].filter(([n]) => !plain.has(n)));
  expect([...added.keys()].every((n) => /^blocks\.\d+\.adapter\.fc[12]\.(weight|bias)$/.test(n))).toBe(true);
  expect(added.size).toBe(48);
  expect(added.get("blocks.3.adapter.fc1.weight")).toEqual([192, 768]);
  expect(count(added)).toBe(12 * (2 * 768 * 192 + 768 + 192));
});

test.each([
  ["a size that is no multiple of the patch", { imageSize: 1000 }],
  ["heads that do not divide the width", { heads: 7 }],
  ["no blocks", { depth: 0 }],
  ["a fraction", { width: 76.8, heads: 1 }],
  ["a block that does not exist", { globalBlocks: [12] }],
  ["a negative window", { window: -1 }],
  ["no channels", { inChannels: 0 }],
  ["no output", { outChannels: 0 }],
  ["an MLP of no width", { mlpRatio: 0 }],
])("%s is an EncoderError", (_, change) => {
  expect(() => stateShapes((b) => new ImageEncoder(b, { ...samVitB, ...change }))).toThrow(EncoderError);
});

test("an adapter without width is an EncoderError", () => {
  const make = (ratio: number) => () =>
    stateShapes((b) => new ImageEncoder(b, samVitB, { adapter: { ratio, scale: 1 } }));
  for (const ratio of [0, 1e-4, -1, Number.NaN]) expect(make(ratio)).toThrow(EncoderError);
});
