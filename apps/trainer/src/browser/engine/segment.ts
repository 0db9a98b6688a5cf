import { evaluateOptions, labelMask, type Prediction, predictImage } from "ama-sam";
import type { LoadedModel } from "./model";
import type { LabelSettings, OpenedImage, Progress, Segmentation } from "./protocol";

/** Runs the model over the open image and keeps the probabilities, so that settings change in no time. */
export class SegmentService {
  #prediction: Prediction | null = null;

  clear(): void {
    this.#prediction = null;
  }

  get ready(): boolean {
    return this.#prediction !== null;
  }

  async segment(
    { model, config }: LoadedModel,
    image: OpenedImage,
    settings: LabelSettings,
    onProgress: (p: Progress) => void,
    signal: AbortSignal,
  ): Promise<Segmentation> {
    const start = performance.now();
    const { width, height, rgb } = image;
    const options = evaluateOptions(config, model.config.encoder.imageSize);
    this.#prediction = await predictImage(
      model,
      { width, height, data: rgb },
      {
        ...options,
        threshold: settings.threshold,
        instances: instancesOf(settings, options.instances),
        signal,
        onProgress: (done, total) => onProgress({ what: "Looking for nuclei", done, total }),
      },
    );
    // The page may change its copy, so it gets one of its own.
    const { labels } = this.#prediction;
    return { labels: { ...labels, data: labels.data.slice() }, seconds: (performance.now() - start) / 1000 };
  }

  relabel({ model, config }: LoadedModel, settings: LabelSettings): Segmentation {
    const start = performance.now();
    const { probability, width, height } = this.#prediction!;
    const mask = new Uint8Array(probability.length);
    for (let i = 0; i < mask.length; i++) mask[i] = probability[i]! > settings.threshold ? 1 : 0;
    const { instances } = evaluateOptions(config, model.config.encoder.imageSize);
    return {
      labels: labelMask(mask, width, height, instancesOf(settings, instances)),
      seconds: (performance.now() - start) / 1000,
    };
  }
}

function instancesOf({ method, minArea, h }: LabelSettings, own: object = {}) {
  return { ...own, method, minArea, h };
}
