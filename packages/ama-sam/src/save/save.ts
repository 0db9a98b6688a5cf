import { writeSafetensors } from "@ama-sam/checkpoint";
import type { Tensor } from "@ama-sam/tensor";
import { type AmaSam, isSamParameter } from "../model/ama-sam";
import { FORMAT, type SavedModelInfo } from "./trained";

/** Options of {@link saveTrained} and {@link mergeCheckpoint}. */
export interface SaveOptions {
  /** SHA-256 of the base checkpoint file. */
  baseSha256?: string;
  /** The configuration, as `configToYaml(portableConfig(config))` gives it: without the folders of this machine. */
  config?: string;
  /** Further strings for the file's header: data, scores, licence, pixel size. */
  metadata?: Record<string, string>;
  /** Keep the discriminator, which inference does not need. Default false. */
  discriminator?: boolean;
}

async function write(
  tensors: Iterable<[string, Tensor]>,
  kind: SavedModelInfo["kind"],
  options: SaveOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, t] of tensors) {
    if (!options.discriminator && name.startsWith("discriminator.")) continue;
    out.set(name, { shape: t.shape, data: await t.data() });
  }
  const metadata: Record<string, string> = { ...options.metadata, format: FORMAT, kind };
  if (options.baseSha256) metadata.base_sha256 = options.baseSha256;
  if (options.config) metadata.config = options.config;
  return writeSafetensors(out, metadata);
}

/** Parameters that AMA-SAM adds to SAM, and whatever else is trainable: what {@link saveTrained} writes. */
export function trainedPart(model: AmaSam): Map<string, Tensor> {
  return new Map([...model.stateDict()].filter(([name, t]) => t.requiresGrad || !isSamParameter(name)));
}

/**
 * The trained part of a model as safetensors: adapters, SPGen and decoder, a few MB, without SAM's frozen weights.
 * Load it with `loadTrained` after `loadBase` of the same base.
 */
export async function saveTrained(model: AmaSam, options: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return write(trainedPart(model), "trained", options);
}

/** The whole model in one safetensors file that needs no base; `loadBase` reads it. */
export async function mergeCheckpoint(model: AmaSam, options: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return write(model.stateDict(), "merged", options);
}
