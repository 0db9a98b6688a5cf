import { preprocess } from "@ama-sam/data";
import { type Box, cropTile } from "@ama-sam/instances";
import { interpolateBilinear, noGrad, scope, type Tensor, tensor } from "@ama-sam/tensor";
import type { AmaSam } from "ama-sam";
import type { LoadedModel } from "./model";
import type { OpenedImage, PromptAnswer, PromptRequest } from "./protocol";

/** Embeddings kept; one of ViT-B has 4 MB. */
const KEPT = 16;

/** Answers clicks and boxes with SAM's own decoder; the embedding of each part of the image is computed once. */
export class PromptService {
  readonly #embeddings = new Map<string, Tensor>();
  #version = -1;
  #image: OpenedImage | null = null;

  async ask(
    { model, facts }: LoadedModel,
    version: number,
    image: OpenedImage,
    request: PromptRequest,
  ): Promise<PromptAnswer> {
    const start = performance.now();
    this.#forget(version, image);
    const window = windowFor(image, facts.tile, request);
    const key = `${window.x},${window.y},${window.width}`;
    let embedding = this.#embeddings.get(key);
    const cached = embedding !== undefined;
    if (!embedding) {
      embedding = embed(model, image, window);
      this.#embeddings.set(key, embedding);
      for (const [old, t] of this.#embeddings) {
        if (this.#embeddings.size <= KEPT) break;
        t.dispose("prompt cache");
        this.#embeddings.delete(old);
      }
    }
    const { mask, quality } = await decode(model, embedding, window, request);
    return { box: window, mask, quality, cached, seconds: (performance.now() - start) / 1000 };
  }

  /** Drops what was computed of another image or by another model. */
  #forget(version: number, image: OpenedImage): void {
    if (version === this.#version && image === this.#image) return;
    // Tensors of a model or device that is gone are gone with it.
    if (version === this.#version) for (const t of this.#embeddings.values()) t.dispose("prompt cache");
    this.#embeddings.clear();
    this.#version = version;
    this.#image = image;
  }
}

/** The part of the image that the model looks at: all of it, or of half-overlapping tiles the one whose middle is nearest to the prompt. */
function windowFor({ width, height }: OpenedImage, tile: number, { points, box }: PromptRequest): Box {
  if (tile === 0 || (width <= tile && height <= tile)) return { x: 0, y: 0, width, height };
  const [x, y] = box ? [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2] : [points[0]!.x, points[0]!.y];
  const half = Math.max(1, tile >> 1);
  const start = (at: number, length: number): number =>
    Math.min(Math.max(0, length - tile), Math.max(0, Math.round((at - tile / 2) / half) * half));
  return { x: start(x, width), y: start(y, height), width: Math.min(tile, width), height: Math.min(tile, height) };
}

function embed(model: AmaSam, { width, rgb }: OpenedImage, window: Box): Tensor {
  const { device } = model;
  const size = model.config.encoder.imageSize;
  const data = cropTile(rgb, width, window, 3);
  const values = preprocess({ width: window.width, height: window.height, channels: 3, bitDepth: 8, data }, size);
  const embedding = scope(device, "prompt embedding", () =>
    noGrad(device, () => model.imageEncoder.forward(tensor(device, values, [1, 3, size, size]))),
  ); // [1, C, G, G]
  return embedding.keep();
}

async function decode(
  model: AmaSam,
  embedding: Tensor,
  window: Box,
  { points, box }: PromptRequest,
): Promise<{ mask: Uint8Array; quality: number }> {
  const { device } = model;
  const size = model.config.encoder.imageSize;
  const inside = (v: number, from: number, length: number): number =>
    Math.min(size, Math.max(0, ((v - from) / length) * size - 0.5));
  const at = (x: number, y: number): [number, number] => [
    inside(x, window.x, window.width),
    inside(y, window.y, window.height),
  ];
  return scope(device, "prompt", async () => {
    const { logits, quality } = noGrad(device, () => {
      const { sparse, dense } = model.promptEncoder.forward({
        ...(points.length > 0 && {
          points: [points.map(({ x, y }) => at(x, y))],
          labels: [points.map(({ positive }) => (positive ? 1 : 0))],
        }),
        ...(box && { boxes: [[...at(box.x0, box.y0), ...at(box.x1, box.y1)] as [number, number, number, number]] }),
      });
      const out = model.maskDecoder.forward({ embedding, imagePe: model.promptEncoder.densePe(), sparse, dense });
      const input = interpolateBilinear(out.logits, [size, size]); // as SAM's post-processing: to the input's size, then the image's
      return { logits: interpolateBilinear(input, [window.height, window.width]), quality: out.iou };
    });
    const [values, iou] = [await logits.data(), await quality.data()];
    const mask = new Uint8Array(values.length);
    for (let i = 0; i < mask.length; i++) mask[i] = values[i]! > 0 ? 1 : 0;
    return { mask, quality: iou[0]! };
  });
}
