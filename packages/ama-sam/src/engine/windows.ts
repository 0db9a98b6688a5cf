import type { Box } from "@ama-sam/instances";

/** Square windows of `side` pixels over an image; they may reach beyond an image that is smaller than a window. */
export function windowsOver(width: number, height: number, side: number, halo: number): Box[] {
  const starts = (length: number): number[] => {
    if (length <= side) return [0];
    const stride = Math.max(1, side - 2 * halo);
    const count = 1 + Math.ceil((length - side) / stride);
    return Array.from({ length: count }, (_, i) => Math.round((i * (length - side)) / (count - 1)));
  };
  return starts(height).flatMap((y) => starts(width).map((x) => ({ x, y, width: side, height: side })));
}

/** The pixels of a window, interleaved RGB; beyond the image its edge goes on. */
export function cropWindow(data: ArrayLike<number>, width: number, height: number, window: Box): Uint8Array {
  const out = new Uint8Array(window.width * window.height * 3);
  for (let y = 0, o = 0; y < window.height; y++) {
    const row = Math.min(height - 1, window.y + y) * width;
    for (let x = 0; x < window.width; x++) {
      const from = (row + Math.min(width - 1, window.x + x)) * 3;
      for (let c = 0; c < 3; c++, o++) out[o] = data[from + c]!;
    }
  }
  return out;
}

/**
 * Joins maps of overlapping windows: in an overlap each counts less towards its own edge, so that no seam shows.
 * Weights are the same for the same layout, and sums are made in the order of the windows.
 */
export class WindowBlend {
  readonly #width: number;
  readonly #height: number;
  readonly #halo: number;
  readonly #sum: Float32Array;
  readonly #weight: Float32Array;

  constructor(width: number, height: number, halo: number) {
    this.#width = width;
    this.#height = height;
    this.#halo = halo;
    this.#sum = new Float32Array(width * height);
    this.#weight = new Float32Array(width * height);
  }

  /** Adds a window's map, row-major [window.height, window.width]. */
  add(window: Box, values: ArrayLike<number>): void {
    const across = this.#ramp(window.x, window.width, this.#width);
    const down = this.#ramp(window.y, window.height, this.#height);
    const [right, bottom] = [
      Math.min(this.#width, window.x + window.width),
      Math.min(this.#height, window.y + window.height),
    ];
    for (let y = window.y; y < bottom; y++) {
      for (let x = window.x; x < right; x++) {
        const weight = across[x - window.x]! * down[y - window.y]!;
        const at = y * this.#width + x;
        this.#sum[at]! += weight * values[(y - window.y) * window.width + x - window.x]!;
        this.#weight[at]! += weight;
      }
    }
  }

  /** The joined map. */
  finish(): Float32Array {
    return this.#sum.map((sum, i) => sum / this.#weight[i]!);
  }

  /** 1 inside, falling over two halos to nearly 0 at edges that are not the image's own. */
  #ramp(start: number, length: number, limit: number): Float32Array {
    const fall = Math.max(1, 2 * this.#halo);
    return Float32Array.from({ length }, (_, i) => {
      const fromStart = start === 0 ? fall : i + 0.5;
      const fromEnd = start + length >= limit ? fall : length - i - 0.5;
      return Math.min(1, fromStart / fall, fromEnd / fall);
    });
  }
}
