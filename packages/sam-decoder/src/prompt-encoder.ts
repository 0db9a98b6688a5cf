import { type Build, Conv2d, Embedding, LayerNorm2d, Module } from "@ama-sam/nn";
import { add, cat, embedding, gelu, mul, permute, reshape, scope, type Tensor, tensor } from "@ama-sam/tensor";
import type { SamDecoderConfig } from "./config";
import { DecoderError } from "./errors";
import { fourierEncoding } from "./fourier-encoding/fourier-encoding";

/** Prompts of a batch, in pixels of the model's input; any of them may be left out. */
export interface Prompts {
  /** Per image: points (x, y), as many for every image of the batch. */
  points?: readonly (readonly (readonly [number, number])[])[];
  /** Per image and point: 1 foreground, 0 background, -1 not a point. */
  labels?: readonly (readonly number[])[];
  /** Per image: x0, y0, x1, y1. */
  boxes?: readonly (readonly [number, number, number, number])[];
  /** [B, 1, 4G, 4G] */
  masks?: Tensor;
}

/** What the mask decoder takes from prompts. */
export interface EncodedPrompts {
  /** [B, P, C]; P may be 0, then null. */
  sparse: Tensor | null;
  /** [B, C, G, G] from a mask prompt, else [1, C, 1, 1], which broadcasts. */
  dense: Tensor;
}

class FourierEncoding extends Module {
  readonly gaussian: Tensor;

  constructor(build: Build, features: number) {
    super(build);
    this.gaussian = this.buffer("positional_encoding_gaussian_matrix", [2, features], { kind: "normal", deviation: 1 });
  }
}

/** `mask_downscaling.0` to `.6`: two strided convolutions with norms and GELU, then 1x1. */
class MaskDownscaling extends Module {
  readonly layers: [Conv2d, LayerNorm2d, Conv2d, LayerNorm2d, Conv2d];

  constructor(build: Build, inner: number, channels: number) {
    super(build);
    this.layers = [
      this.child("0", (b) => new Conv2d(b, 1, inner / 4, 2, { stride: 2 })),
      this.child("1", (b) => new LayerNorm2d(b, inner / 4)),
      this.child("3", (b) => new Conv2d(b, inner / 4, inner, 2, { stride: 2 })),
      this.child("4", (b) => new LayerNorm2d(b, inner)),
      this.child("6", (b) => new Conv2d(b, inner, channels, 1)),
    ];
  }

  forward(x: Tensor): Tensor {
    const [c0, n0, c1, n1, c2] = this.layers;
    return c2.forward(gelu(n1.forward(c1.forward(gelu(n0.forward(c0.forward(x)))))));
  }
}

/** SAM's prompt encoder: points, boxes and masks to tokens and a dense map. */
export class PromptEncoder extends Module {
  readonly config: SamDecoderConfig;
  readonly peLayer: FourierEncoding;
  /** Negative point, positive point, box top-left, box bottom-right. */
  readonly pointEmbeddings: Embedding[];
  readonly notAPointEmbed: Embedding;
  readonly maskDownscaling: MaskDownscaling;
  readonly noMaskEmbed: Embedding;

  constructor(build: Build, config: SamDecoderConfig) {
    super(build);
    const { channels } = config;
    this.config = config;
    this.peLayer = this.child("pe_layer", (b) => new FourierEncoding(b, channels / 2));
    this.pointEmbeddings = this.list("point_embeddings", 4, (b) => new Embedding(b, 1, channels));
    this.notAPointEmbed = this.child("not_a_point_embed", (b) => new Embedding(b, 1, channels));
    this.maskDownscaling = this.child("mask_downscaling", (b) => new MaskDownscaling(b, config.maskChannels, channels));
    this.noMaskEmbed = this.child("no_mask_embed", (b) => new Embedding(b, 1, channels));
  }

  /** Encoding of the token centres: [1, C, G, G]. */
  densePe(): Tensor {
    const { grid, channels } = this.config;
    return scope(this.device, "dense pe", () => {
      const xy = new Float32Array(grid * grid * 2);
      for (let i = 0; i < grid * grid; i++) {
        xy[2 * i] = ((i % grid) + 0.5) / grid;
        xy[2 * i + 1] = (Math.floor(i / grid) + 0.5) / grid;
      }
      const pe = fourierEncoding(tensor(this.device, xy, [grid * grid, 2]), this.peLayer.gaussian); // [G*G, C]
      return reshape(permute(pe, [1, 0]), [1, channels, grid, grid]);
    });
  }

  /**
   * Encodes prompts.
   * @throws DecoderError for prompts outside the image, batches that differ, labels without points, or a mask of another size
   */
  forward(prompts: Prompts = {}): EncodedPrompts {
    const batch = this.#check(prompts);
    return scope(this.device, "prompt encoder", () => ({
      sparse: this.#sparse(prompts, batch),
      dense: this.#dense(prompts.masks),
    }));
  }

  #sparse({ points, labels, boxes }: Prompts, batch: number): Tensor | null {
    const { imageSize, channels } = this.config;
    const xy: number[] = [];
    const rows: number[] = []; // row of the table below; the encoding is dropped for "not a point"
    for (let b = 0; b < batch; b++) {
      points?.[b].forEach(([x, y], i) => {
        xy.push((x + 0.5) / imageSize, (y + 0.5) / imageSize);
        rows.push((labels as number[][])[b][i] + 1);
      });
      if (points && !boxes) {
        xy.push(0, 0); // SAM adds one padding point when there is no box
        rows.push(0);
      }
      if (boxes) {
        const [x0, y0, x1, y1] = boxes[b];
        xy.push(...[x0, y0, x1, y1].map((v) => (v + 0.5) / imageSize));
        rows.push(3, 4);
      }
    }
    if (rows.length === 0) return null;
    const table = cat([this.notAPointEmbed.weight, ...this.pointEmbeddings.map((e) => e.weight)], 0); // [5, C]
    const learned = embedding(table, tensor(this.device, rows, [rows.length], { dtype: "i32" })); // [B*P, C]
    const keep = tensor(
      this.device,
      rows.map((r) => (r === 0 ? 0 : 1)),
      [rows.length, 1],
    );
    const encoded = fourierEncoding(tensor(this.device, xy, [rows.length, 2]), this.peLayer.gaussian);
    return reshape(add(mul(encoded, keep), learned), [batch, rows.length / batch, channels]);
  }

  #dense(masks: Tensor | undefined): Tensor {
    return masks
      ? this.maskDownscaling.forward(masks)
      : reshape(this.noMaskEmbed.weight, [1, this.config.channels, 1, 1]);
  }

  #check({ points, labels, boxes, masks }: Prompts): number {
    const { imageSize, grid } = this.config;
    const fail = (message: string): never => {
      throw new DecoderError("PromptEncoder.forward", message);
    };
    const sizes = [points?.length, boxes?.length, masks?.shape[0]].filter((n) => n !== undefined);
    const batch = sizes[0] ?? 1;
    if (sizes.some((n) => n !== batch) || batch === 0)
      fail(`prompts are of different batches. Got ${sizes.join(", ")}. Expected one number of images, at least 1.`);
    if (!points !== !labels) fail("points and labels go together. Got only one of them.");
    points?.forEach((own, b) => {
      if (own.length !== points[0].length || labels?.[b]?.length !== own.length)
        fail(
          `image ${b} has ${own.length} points and ${labels?.[b]?.length} labels. Expected ${points[0].length} each; pad with label -1.`,
        );
      if (labels?.[b].some((l) => l !== 1 && l !== 0 && l !== -1))
        fail(`a label is unknown. Got ${labels[b].join(", ")}. Expected 1, 0 or -1.`);
    });
    const outside = [
      ...(points ?? []).flat(),
      ...(boxes ?? []).flatMap(([x0, y0, x1, y1]) => [[x0, y0] as const, [x1, y1] as const]),
    ].find((at) => !at.every((v) => v >= 0 && v <= imageSize));
    if (outside)
      fail(
        `a prompt lies outside the image. Got (${outside.join(", ")}). Expected 0 to ${imageSize}: prompts are in pixels of the model's input; scale them as the image was scaled.`,
      );
    if (
      masks &&
      (masks.shape.length !== 4 || masks.shape[1] !== 1 || masks.shape[2] !== 4 * grid || masks.shape[3] !== 4 * grid)
    ) {
      fail(
        `the mask prompt has a wrong shape. Got [${masks.shape.join(", ")}]. Expected [B, 1, ${4 * grid}, ${4 * grid}].`,
      );
    }
    return batch;
  }
}
