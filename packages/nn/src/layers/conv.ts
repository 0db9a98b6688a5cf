import { conv2d, convTranspose2d, type Tensor } from "@ama-sam/tensor";
import { type Build, Module } from "../module";

/** Options of {@link Conv2d}. */
export interface Conv2dOptions {
  stride?: number;
  padding?: number;
  bias?: boolean;
}

/** 2-D convolution (PyTorch's `nn.Conv2d`, its names and initial values); square kernels. */
export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: number;
  readonly padding: number;

  constructor(build: Build, inChannels: number, outChannels: number, kernel: number, options: Conv2dOptions = {}) {
    super(build);
    const bound = (inChannels * kernel * kernel) ** -0.5;
    this.weight = this.parameter("weight", [outChannels, inChannels, kernel, kernel], { kind: "uniform", bound }, true);
    this.bias = (options.bias ?? true) ? this.parameter("bias", [outChannels], { kind: "uniform", bound }) : null;
    this.stride = options.stride ?? 1;
    this.padding = options.padding ?? 0;
  }

  /** [B, in, H, W] -> [B, out, H', W'] */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, { stride: this.stride, padding: this.padding });
  }
}

/** Transposed convolution whose kernel is its stride (PyTorch's `nn.ConvTranspose2d`): every pixel becomes a block. */
export class ConvTranspose2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: number;

  constructor(build: Build, inChannels: number, outChannels: number, stride = 2) {
    super(build);
    const bound = (outChannels * stride * stride) ** -0.5; // PyTorch takes the fan of a transposed weight's second dimension
    this.weight = this.parameter("weight", [inChannels, outChannels, stride, stride], { kind: "uniform", bound }, true);
    this.bias = this.parameter("bias", [outChannels], { kind: "uniform", bound });
    this.stride = stride;
  }

  /** [B, in, H, W] -> [B, out, H * stride, W * stride] */
  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, { stride: this.stride });
  }
}
