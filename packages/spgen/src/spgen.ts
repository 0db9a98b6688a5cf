import { type Build, Conv2d, ConvTranspose2d, LayerNorm2d, Module } from "@ama-sam/nn";
import { add, gelu, interpolateBilinear, maxPool2d, scope, type Tensor, threshold } from "@ama-sam/tensor";
import { SpgenError } from "./errors";

/** The x4 branch: `up4.0` convolution, `up4.1` norm, GELU, `up4.3` convolution. */
class Up4 extends Module {
  readonly first: ConvTranspose2d;
  readonly norm: LayerNorm2d;
  readonly second: ConvTranspose2d;

  constructor(build: Build, channels: number, middle: number, out: number) {
    super(build);
    this.first = this.child("0", (b) => new ConvTranspose2d(b, channels, middle));
    this.norm = this.child("1", (b) => new LayerNorm2d(b, middle));
    this.second = this.child("3", (b) => new ConvTranspose2d(b, middle, out));
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(gelu(this.norm.forward(this.first.forward(x))));
  }
}

/** Self-prompt generation (UN-SAM's SPGen): one-channel maps at half, one, two and four times the grid, summed at four times. */
export class SPGen extends Module {
  readonly up2: ConvTranspose2d;
  readonly up4: Up4;
  readonly headHalf: Conv2d;
  readonly head1: Conv2d;
  readonly head2: Conv2d;
  readonly head4: Conv2d;
  readonly channels: number;

  /** @param channels of the image embedding */
  constructor(build: Build, channels: number) {
    super(build);
    this.channels = channels;
    const [quarter, sixteenth] = [Math.floor(channels / 4), Math.max(Math.floor(channels / 16), 1)];
    this.up2 = this.child("up2", (b) => new ConvTranspose2d(b, channels, quarter));
    this.up4 = this.child("up4", (b) => new Up4(b, channels, quarter, sixteenth));
    this.headHalf = this.child("head_half", (b) => new Conv2d(b, channels, 1, 1));
    this.head1 = this.child("head_1", (b) => new Conv2d(b, channels, 1, 1));
    this.head2 = this.child("head_2", (b) => new Conv2d(b, quarter, 1, 1));
    this.head4 = this.child("head_4", (b) => new Conv2d(b, sixteenth, 1, 1));
  }

  /**
   * Coarse logits from an image embedding: [B, C, G, G], G even -> [B, 1, 4G, 4G]. Upsampling has align_corners true.
   * @throws SpgenError for another channel count, an odd or empty grid, or an empty batch
   */
  forward(embedding: Tensor): Tensor {
    const [, C, h, w] = embedding.shape;
    if (embedding.shape.length !== 4 || C !== this.channels || h % 2 || w % 2 || embedding.size === 0) {
      throw new SpgenError(
        "SPGen.forward",
        `the embedding does not fit. Got [${embedding.shape.join(", ")}]. Expected [B, ${this.channels}, G, G] with an even G and at least one image.`,
      );
    }
    const size: [number, number] = [4 * h, 4 * w];
    const up = (x: Tensor) => interpolateBilinear(x, size, { alignCorners: true });
    return scope(this.device, "spgen", () => {
      const fine = add(
        this.head4.forward(this.up4.forward(embedding)),
        up(this.head2.forward(this.up2.forward(embedding))),
      );
      const coarse = add(up(this.head1.forward(embedding)), up(this.headHalf.forward(maxPool2d(embedding, 2))));
      return add(fine, coarse);
    });
  }
}

/**
 * The mask prompt from coarse logits: 1 where sigmoid(coarse) >= `probability`, else 0, without gradient (fidelity A8).
 * [B, 1, H, W] -> [B, 1, H, W]
 */
export function maskPrompt(coarse: Tensor, probability = 0.95): Tensor {
  if (!(probability > 0 && probability < 1))
    throw new SpgenError(
      "maskPrompt",
      `the threshold is not a probability. Got ${probability}. Expected a number in (0, 1).`,
    );
  return threshold(coarse, Math.log(probability / (1 - probability)));
}
