import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stateShapes } from "@ama-sam/nn";
import { goldenDir } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { samDecoder } from "./config";
import { DecoderError } from "./errors";
import { MaskDecoder } from "./mask-decoder";
import { PromptEncoder } from "./prompt-encoder";
import { TwoWayTransformer } from "./two-way-transformer";

const manifests = JSON.parse(readFileSync(join(goldenDir(), "checkpoints", "sam_manifests.json"), "utf8"));

test.each(["vit_b", "vit_l", "vit_h"])("names and shapes are those of SAM's %s checkpoint", (variant) => {
  const own = new Map([
    ...[...stateShapes((b) => new PromptEncoder(b, samDecoder))].map(([n, s]) => [`prompt_encoder.${n}`, s] as const),
    ...[...stateShapes((b) => new MaskDecoder(b, samDecoder))].map(([n, s]) => [`mask_decoder.${n}`, s] as const),
  ]);
  const stored = Object.entries(manifests[variant].tensors).filter(([n]) => !n.startsWith("image_encoder."));
  expect(stored.length).toBeGreaterThan(100);
  expect(Object.fromEntries(own)).toEqual(Object.fromEntries(stored));
});

test("heads that do not divide the channels are a DecoderError", () => {
  const config = { channels: 20, depth: 1, heads: 8, mlpHidden: 4 };
  expect(() => stateShapes((b) => new TwoWayTransformer(b, config))).toThrow(DecoderError);
});
