import { type Checkpoint, detectSam, mapKeys, renameCheckpoint } from "@ama-sam/checkpoint";
import { loadStateDict } from "@ama-sam/nn";
import { AmaSamError } from "../errors";
import { type AmaSam, isSamParameter } from "../model/ama-sam";

/** What a saved AMA-SAM file says of itself. */
export interface SavedModelInfo {
  /** `trained`: without SAM's frozen weights; `merged`: everything. */
  kind: "trained" | "merged";
  /** SHA-256 of the checkpoint that the trained part was trained on; null where there was none. */
  baseSha256: string | null;
  /** The training configuration as text, if it was given. */
  config: string | null;
  /** Everything else that was written. */
  metadata: Record<string, string>;
}

/** `format` of the files that AMA-SAM writes. */
export const FORMAT = "ama-sam";

/** What a file says of itself; null for files that AMA-SAM did not write, such as SAM's own. */
export function savedModelInfo(checkpoint: Checkpoint): SavedModelInfo | null {
  const { format, kind, base_sha256, config, ...metadata } = Object.fromEntries(checkpoint.metadata);
  if (format !== FORMAT || (kind !== "trained" && kind !== "merged")) return null;
  return { kind, baseSha256: base_sha256 ?? null, config: config ?? null, metadata };
}

/**
 * Loads a trained part into a model whose base is loaded already.
 * @param baseSha256 of the base in use; when given, it must be the one that the file names
 * @throws AmaSamError for another base or a file of another kind, ModuleError for names and shapes of another preset or decoder
 */
export async function loadTrained(
  model: AmaSam,
  checkpoint: Checkpoint,
  { baseSha256 }: { baseSha256?: string } = {},
): Promise<SavedModelInfo | null> {
  const info = savedModelInfo(checkpoint);
  if (info?.baseSha256 && baseSha256 && info.baseSha256 !== baseSha256) {
    throw new AmaSamError(
      "loadTrained",
      `trained on another base. Got a base with SHA-256 ${baseSha256}. Expected ${info.baseSha256}.`,
    );
  }
  if (![...checkpoint.entries.keys()].some((name) => !isSamParameter(name))) {
    throw new AmaSamError(
      "loadTrained",
      "no trained part in this file. Got SAM's own parameters only. Use loadBase, or another file.",
    );
  }
  // A file may hold fewer of SAM's own parameters than the model trains, never fewer of AMA-SAM's.
  await loadStateDict(model, checkpoint, {
    allowMissing: (name) => isSamParameter(name) || name.startsWith("discriminator."),
  });
  return info;
}

/** What {@link loadBase} did. */
export interface LoadedBase {
  /** `vit_b`, `vit_l`, `vit_h`, or undefined for other sizes. */
  variant: string | undefined;
  /** Parameters that the file did not have and that keep their initial values: AMA-SAM's own, for a SAM checkpoint. */
  kept: string[];
}

/**
 * Fills a model from SAM's checkpoint (`.pth` or safetensors, Meta's or Hugging Face's names), or from a merged AMA-SAM file.
 * Adapters, SPGen, HR-Decoder and discriminator may be missing: they keep their initial values.
 * @throws AmaSamError for a checkpoint of another preset, ModuleError that lists names and shapes that do not fit
 */
export async function loadBase(
  model: AmaSam,
  checkpoint: Checkpoint,
  { onProgress }: { onProgress?: (done: number, total: number) => void } = {},
): Promise<LoadedBase> {
  const info = savedModelInfo(checkpoint);
  if (info?.kind === "trained" && !checkpoint.entries.has("image_encoder.pos_embed")) {
    throw new AmaSamError(
      "loadBase",
      `only the trained part of a model. Got a file without SAM's weights${info.baseSha256 ? `; its base has SHA-256 ${info.baseSha256}` : ""}. Load the base first, then this file with loadTrained.`,
    );
  }
  const renamed = renameCheckpoint(checkpoint, mapKeys(checkpoint.entries.keys()));
  const found = detectSam(renamed.entries);
  const { encoder } = model.config;
  if (!found) {
    const names = [...checkpoint.entries.keys()].slice(0, 3).join(", ");
    throw new AmaSamError(
      "loadBase",
      `not a SAM checkpoint. Got ${checkpoint.entries.size} tensors such as ${names || "none"}. Expected SAM's image encoder, prompt encoder and mask decoder.`,
    );
  }
  const grid = encoder.imageSize / encoder.patchSize;
  if (
    found.width !== encoder.width ||
    found.depth !== encoder.depth ||
    found.patch !== encoder.patchSize ||
    found.grid[0] !== grid
  ) {
    const sizes = (width: number, depth: number, patch: number, side: number) =>
      `width ${width}, ${depth} blocks, patch ${patch}, ${side} x ${side} tokens`;
    throw new AmaSamError(
      "loadBase",
      `a checkpoint of another model. Got ${found.variant ?? "a SAM"} (${sizes(found.width, found.depth, found.patch, found.grid[0])}). Expected ${sizes(encoder.width, encoder.depth, encoder.patchSize, grid)}. Change model.preset.`,
    );
  }
  const names = [...model.stateDict().keys()];
  await loadStateDict(model, renamed, {
    allowMissing: (name) => !isSamParameter(name),
    ...(onProgress ? { onProgress } : {}),
  });
  return { variant: found.variant, kept: names.filter((name) => !renamed.entries.has(name)) };
}
