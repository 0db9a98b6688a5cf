import { type Build, Conv2d, LayerNorm2d, Module } from "@ama-sam/nn";
import { add, checkpoint, interpolateBilinear, permute, scope, type Tensor } from "@ama-sam/tensor";
import { Block } from "./block";
import type { AdapterConfig, ImageEncoderConfig } from "./config";
import { EncoderError } from "./errors";

/** Options of {@link ImageEncoder}. */
export interface ImageEncoderOptions {
  /** Adapters in every block; null (default) for plain SAM. */
  adapter?: AdapterConfig | null;
}

/**
 * What a training step makes again in backward: nothing; the hidden values of the blocks' MLPs, the widest tensors (`"mlp"`: a quarter
 * less memory for a tenth more time, at ViT-B 1024); or all of a block but its input (`true`: least memory, nearly half more time).
 * Gradients are the same.
 */
export type Recompute = boolean | "mlp";

/** Options of {@link ImageEncoder.forward}. */
export interface EncodeOptions {
  /** What backward makes again instead of keeping it. */
  recompute?: Recompute;
  /** Inputs of another size interpolate the position table (bilinear) instead of being refused. */
  interpolatePositions?: boolean;
  /** Sees `embed`, then `block0`, `block1`, ...: [B, h, w, C] each, alive during the call; `detach().keep()` makes it stay. */
  tap?: (name: string, value: Tensor) => void;
}

/** The convolution that cuts the image into patches. */
class PatchEmbed extends Module {
  readonly proj: Conv2d;

  constructor(build: Build, config: ImageEncoderConfig) {
    super(build);
    this.proj = this.child(
      "proj",
      (b) => new Conv2d(b, config.inChannels, config.width, config.patchSize, { stride: config.patchSize }),
    );
  }

  /** [B, 3, H, W] -> [B, h, w, C] */
  forward(x: Tensor): Tensor {
    return scope(this.device, "patch embed", () => permute(this.proj.forward(x), [0, 2, 3, 1]));
  }
}

/** 1x1 and 3x3 convolution, each with a norm: `neck.0` to `neck.3`. */
class Neck extends Module {
  readonly layers: (Conv2d | LayerNorm2d)[];

  constructor(build: Build, width: number, out: number) {
    super(build);
    this.layers = [
      this.child("0", (b) => new Conv2d(b, width, out, 1, { bias: false })),
      this.child("1", (b) => new LayerNorm2d(b, out)),
      this.child("2", (b) => new Conv2d(b, out, out, 3, { padding: 1, bias: false })),
      this.child("3", (b) => new LayerNorm2d(b, out)),
    ];
  }

  /** [B, h, w, C] -> [B, out, h, w] */
  forward(x: Tensor): Tensor {
    return scope(this.device, "neck", () =>
      this.layers.reduce((h: Tensor, layer) => layer.forward(h), permute(x, [0, 3, 1, 2])),
    );
  }
}

function checkConfig(config: ImageEncoderConfig): void {
  const { imageSize, patchSize, inChannels, width, heads, depth, window, mlpRatio, outChannels, globalBlocks } = config;
  const counts = { imageSize, patchSize, inChannels, width, heads, depth, outChannels };
  for (const [name, n] of Object.entries(counts)) {
    if (!Number.isInteger(n) || n <= 0)
      throw new EncoderError("ImageEncoder", `${name} is no size. Got ${n}. Expected a whole number above 0.`);
  }
  if (imageSize % patchSize !== 0 || width % heads !== 0) {
    throw new EncoderError(
      "ImageEncoder",
      `sizes do not fit. Got imageSize ${imageSize}, patchSize ${patchSize}, width ${width}, heads ${heads}. Expected imageSize a multiple of patchSize, width of heads.`,
    );
  }
  if (!Number.isInteger(window) || window < 0)
    throw new EncoderError(
      "ImageEncoder",
      `window is no size. Got ${window}. Expected tokens, or 0 for global attention.`,
    );
  if (!(width * mlpRatio >= 1))
    throw new EncoderError(
      "ImageEncoder",
      `the MLP has no width. Got mlpRatio ${mlpRatio}. Expected a number above 0.`,
    );
  const outside = globalBlocks.find((i) => !(Number.isInteger(i) && i >= 0 && i < depth));
  if (outside !== undefined)
    throw new EncoderError(
      "ImageEncoder",
      `a global block does not exist. Got ${outside}. Expected 0 to ${depth - 1}.`,
    );
}

/** SAM's ViT image encoder, with AMA-SAM's adapters by option; parameter names are those of SAM's checkpoints. */
export class ImageEncoder extends Module {
  readonly config: ImageEncoderConfig;
  readonly posEmbed: Tensor;
  readonly patchEmbed: PatchEmbed;
  readonly blocks: Block[];
  readonly neck: Neck;

  constructor(build: Build, config: ImageEncoderConfig, options: ImageEncoderOptions = {}) {
    super(build);
    checkConfig(config);
    this.config = config;
    const grid = config.imageSize / config.patchSize;
    this.posEmbed = this.parameter("pos_embed", [1, grid, grid, config.width], { kind: "zeros" });
    this.patchEmbed = this.child("patch_embed", (b) => new PatchEmbed(b, config));
    this.blocks = this.list(
      "blocks",
      config.depth,
      (b, i) => new Block(b, config, config.globalBlocks.includes(i) ? 0 : config.window, options.adapter ?? null),
    );
    this.neck = this.child("neck", (b) => new Neck(b, config.width, config.outChannels));
  }

  /**
   * Embeds normalised images: [B, 3, S, S] -> [B, outChannels, S / patch, S / patch].
   * @throws EncoderError for a wrong rank, channel count or size, or an empty batch
   */
  forward(x: Tensor, options: EncodeOptions = {}): Tensor {
    this.#check(x, options);
    return scope(this.device, "image encoder", () => {
      const { tap, recompute = false } = options;
      let tokens = this.#embed(x);
      tap?.("embed", tokens);
      this.blocks.forEach((block, i) => {
        const before = tokens;
        tokens =
          recompute === true
            ? checkpoint([before], (t) => block.forward(t))
            : block.forward(before, { recomputeMlp: recompute === "mlp" });
        before.dispose("image encoder");
        tap?.(`block${i}`, tokens);
      });
      return this.neck.forward(tokens);
    });
  }

  #embed(x: Tensor): Tensor {
    return scope(this.device, "embed", () => {
      const patches = this.patchEmbed.forward(x);
      const [, h, w] = patches.shape;
      const [, gh, gw] = this.posEmbed.shape;
      if (h === gh && w === gw) return add(patches, this.posEmbed);
      const table = interpolateBilinear(permute(this.posEmbed, [0, 3, 1, 2]), [h, w]);
      return add(patches, permute(table, [0, 2, 3, 1]));
    });
  }

  #check(x: Tensor, { interpolatePositions = false, recompute = false }: EncodeOptions): void {
    if (recompute !== true && recompute !== false && recompute !== "mlp")
      throw new EncoderError(
        "ImageEncoder.forward",
        `recompute says nothing known. Got ${recompute}. Expected true, false or "mlp".`,
      );
    const { imageSize, patchSize, inChannels } = this.config;
    const [B, C, H, W] = x.shape;
    const got = `Got [${x.shape.join(", ")}].`;
    if (x.shape.length !== 4 || C !== inChannels)
      throw new EncoderError(
        "ImageEncoder.forward",
        `x is not a batch of images. ${got} Expected [B, ${inChannels}, ${imageSize}, ${imageSize}].`,
      );
    if (B === 0)
      throw new EncoderError("ImageEncoder.forward", `the batch is empty. ${got} Expected at least one image.`);
    if (
      interpolatePositions
        ? H % patchSize !== 0 || W % patchSize !== 0 || H === 0 || W === 0
        : H !== imageSize || W !== imageSize
    ) {
      throw new EncoderError(
        "ImageEncoder.forward",
        interpolatePositions
          ? `the image's sides are not multiples of the patch. ${got} Expected multiples of ${patchSize}.`
          : `the image has another size. ${got} Expected ${imageSize} x ${imageSize}. Resize it with preprocess(), or pass { interpolatePositions: true }.`,
      );
    }
  }
}
