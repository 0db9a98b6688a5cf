import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Build, type Module } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import { type GoldenCase, type GoldenTensor, readTensors } from "@ama-sam/testing";
import { AmaSam, type AmaSamConfig, freeze } from "ama-sam";

/** The reference's configuration (`attrs.config`) as this project's. */
// biome-ignore lint/suspicious/noExplicitAny: the manifest's own shape
export function configOf(c: any): AmaSamConfig {
  const s = c.sam;
  return {
    encoder: {
      imageSize: s.img,
      patchSize: s.patch,
      inChannels: 3,
      width: s.dim,
      depth: s.depth,
      heads: s.heads,
      mlpRatio: s.mlp_ratio,
      window: s.window,
      globalBlocks: s.global_at,
      outChannels: s.out_chans,
    },
    adapter: { ratio: c.adapter_ratio, scale: c.adapter_scale },
    samDecoder: {
      imageSize: s.img,
      grid: s.img / s.patch,
      channels: s.out_chans,
      maskChannels: s.mask_in_chans,
      depth: s.dec_depth,
      heads: s.dec_heads,
      mlpHidden: s.dec_mlp,
      iouHidden: s.iou_hidden,
      iouDepth: s.iou_depth,
      multimask: s.multimask,
    },
    slices: c.n_slices,
    sliceMlp: c.slice_mlp,
    align: c.align,
    lambda: c.grl_lambda,
    discriminatorHidden: c.disc_hidden,
    promptThreshold: c.prompt_threshold,
  };
}

const files = new Map<string, Map<string, GoldenTensor>>();

/** A weights file of the golden set, read once. */
export function weightsOf(dir: string, file: string): Map<string, GoldenTensor> {
  const path = join(dir, file);
  const known = files.get(path) ?? readTensors(path);
  files.set(path, known);
  return known;
}

/** Overwrites every parameter and buffer of `module` from stored tensors; a missing name is an error. */
export function fill(
  module: Module,
  weights: ReadonlyMap<string, { data: ArrayLike<number | bigint> }>,
  prefix = "",
): void {
  for (const [name, into] of module.stateDict()) {
    const stored = weights.get(prefix + name);
    if (!stored) throw new Error(`the golden weights lack ${prefix + name}`);
    into.write(stored.data as ArrayLike<number>);
  }
}

/** The whole model of a case, SAM frozen as in the paper. */
export function modelOf(test: GoldenCase, dir: string, device: Device): AmaSam {
  const model = new AmaSam(new Build(device, { init: "none" }), configOf(test.attrs.config));
  fill(model, weightsOf(dir, test.attrs.weights));
  freeze(model, "adapters");
  return model;
}

/** A JSON file of the golden set. */
// biome-ignore lint/suspicious/noExplicitAny: free-form
export function json(dir: string, file: string): any {
  return JSON.parse(readFileSync(join(dir, file), "utf8"));
}
