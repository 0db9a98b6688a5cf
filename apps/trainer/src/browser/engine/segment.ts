import { evaluateOptions, fromLogits, predictImage } from "ama-sam";
import type { LoadedModel } from "./model";
import type { LabelSettings, OpenedImage, Progress, Segmentation } from "./protocol";

/** Runs the model over the open image and keeps what it says of each pixel, so that settings change in no time. */
export class SegmentService {
  #found: { logits: Float32Array; width: number; height: number } | null = null;

  clear(): void {
    this.#found = null;
  }

  get ready(): boolean {
    return this.#found !== null;
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
    const { logits, labels } = await predictImage(
      model,
      { width, height, data: rgb },
      {
        ...options,
        threshold: settings.threshold,
        instances: instancesOf(settings, options.instances),
        signal,
        onProgress: (done, total) => onProgress({ what: "Looking for nuclei", done, total }),
        onCompile: ({ done, total }) => onProgress({ what: "Preparing the GPU", done, total }),
      },
    );
    this.#found = { logits, width, height };
    return { labels, seconds: (performance.now() - start) / 1000 };
  }

  /** Other settings on the same logits: the same code, and so the same nuclei, as if the model ran again. */
  relabel({ model, config }: LoadedModel, settings: LabelSettings): Segmentation {
    const start = performance.now();
    const { logits, width, height } = this.#found!;
    const { instances } = evaluateOptions(config, model.config.encoder.imageSize);
    const { labels } = fromLogits(logits, width, height, settings.threshold, instancesOf(settings, instances));
    return { labels, seconds: (performance.now() - start) / 1000 };
  }
}

function instancesOf({ method, minArea, h }: LabelSettings, own: object = {}) {
  return { ...own, method, minArea, h };
}
