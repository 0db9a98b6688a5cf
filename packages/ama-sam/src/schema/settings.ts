import type { EvaluateOptions } from "../engine/evaluate";
import { type AmaSamConfig, PRESETS } from "../model/config";
import type { Config } from "./config";

/** The model's sizes and behaviour that a configuration asks for; SAM's decoder follows the encoder's sizes. */
export function modelConfig({ model }: Config): AmaSamConfig {
  const preset = PRESETS[model.preset];
  const { overrides, align, lambda, promptThreshold } = model;
  const encoder = { ...preset.encoder, ...overrides.encoder };
  return {
    ...preset,
    encoder,
    samDecoder: {
      ...preset.samDecoder,
      ...overrides.samDecoder,
      imageSize: encoder.imageSize,
      grid: encoder.imageSize / encoder.patchSize,
      channels: encoder.outChannels,
    },
    adapter: overrides.adapter === undefined ? preset.adapter : overrides.adapter,
    slices: overrides.slices ?? preset.slices,
    sliceMlp: overrides.sliceMlp ?? preset.sliceMlp,
    discriminatorHidden: overrides.discriminatorHidden ?? preset.discriminatorHidden,
    align,
    lambda: typeof lambda === "number" ? lambda : lambda.ramp,
    promptThreshold,
  };
}

/** Side in image pixels of the tiles in which larger images are predicted; 0 for never. */
export function tileSide({ data, eval: { tile } }: Config, imageSize: number): number {
  if (typeof tile === "number") return tile;
  return tile === "auto" && data.augment !== "none" && data.augment.fit === "crop" ? imageSize : 0;
}

/** How a configuration predicts and scores. */
export function evaluateOptions(config: Config, imageSize = modelConfig(config).encoder.imageSize): EvaluateOptions {
  const { threshold, instances, connectivity, minArea, fillHoles, h, emptyRule, halo, views } = config.eval;
  return {
    threshold,
    emptyRule,
    halo,
    views,
    tile: tileSide(config, imageSize),
    instances: { method: instances, connectivity: connectivity as 4 | 8, minArea, fillHoles, h },
  };
}
