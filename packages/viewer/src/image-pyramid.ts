import { ViewerError } from "./errors";

/** An 8-bit picture, row-major, channels interleaved: 1 grey, 3 RGB, 4 RGBA (alpha is ignored). */
export interface ViewerImage {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  data: Uint8Array | Uint8ClampedArray;
}

/** A picture at halved sizes, each made from the one before when it is first asked for: [ceil(H / 2^level), ceil(W / 2^level)]. */
export class ImagePyramid {
  readonly #levels: ViewerImage[];

  constructor(image: ViewerImage) {
    const { width, height, channels, data } = image;
    if (data.length !== width * height * channels)
      throw new ViewerError(
        "setImage",
        "the data do not fill the image",
        `${data.length} values for ${width} x ${height} x ${channels}`,
        `${width * height * channels}`,
      );
    this.#levels = [image];
  }

  get width(): number {
    return this.#levels[0]!.width;
  }

  get height(): number {
    return this.#levels[0]!.height;
  }

  level(level: number): ViewerImage {
    while (this.#levels.length <= level) this.#levels.push(halve(this.#levels.at(-1)!));
    return this.#levels[level]!;
  }

  /** RGBA of a part of a level; beyond the image it is transparent. */
  tile(level: number, x: number, y: number, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
    const { width: W, height: H, channels, data } = this.level(level);
    const out = new Uint8ClampedArray(4 * width * height);
    const [right, bottom] = [Math.min(W, x + width), Math.min(H, y + height)];
    const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
    for (let row = y; row < bottom; row++) {
      let o = 4 * (row - y) * width;
      for (let column = x; column < right; column++, o += 4) {
        const i = (row * W + column) * channels;
        out[o] = data[i]!;
        out[o + 1] = data[i + green]!;
        out[o + 2] = data[i + blue]!;
        out[o + 3] = 255;
      }
    }
    return out;
  }
}

/** Means of 2 x 2 pixels; an odd last row or column stands for itself. */
function halve({ width, height, channels, data }: ViewerImage): ViewerImage {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const out = new Uint8Array(w * h * channels);
  for (let y = 0, o = 0; y < h; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(height - 1, 2 * y + 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = Math.min(width - 1, left + 1);
      for (let c = 0; c < channels; c++, o++) {
        const sum =
          data[(top + left) * channels + c]! +
          data[(top + right) * channels + c]! +
          data[(bottom + left) * channels + c]! +
          data[(bottom + right) * channels + c]!;
        out[o] = (sum + 2) >> 2;
      }
    }
  }
  return { width: w, height: h, channels, data: out };
}
