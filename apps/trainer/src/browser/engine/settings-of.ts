import { type Checkpoint, detectSam, mapKeys, renameCheckpoint } from "@ama-sam/checkpoint";
import { type Config, type ConfigInput, parseSavedConfig, resolveConfig, type SavedModelInfo } from "ama-sam";
import { TroubleError } from "./failures";

/** Settings that a saved file names; those of a preset for files that AMA-SAM did not write. */
export function settingsOf(checkpoint: Checkpoint, info: SavedModelInfo | null): Config {
  if (info?.config) return resolveConfig(parseSavedConfig(info.config, "the file's configuration"));
  const found = detectSam(renameCheckpoint(checkpoint, mapKeys(checkpoint.entries.keys())).entries);
  const preset = found?.variant && ({ vit_b: "vit-b", vit_l: "vit-l", vit_h: "vit-h" } as const)[found.variant];
  if (!preset)
    throw new TroubleError("input", "These weights are neither SAM's (ViT-B, L or H) nor written by AMA-SAM.");
  return resolveConfig({ model: { preset } });
}

/** Every setting of a configuration. */
export function completed(input: ConfigInput): Config {
  return resolveConfig(input);
}
