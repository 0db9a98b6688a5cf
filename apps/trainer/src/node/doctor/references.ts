/** Plain float64 loops for the self-test; row-major like the tensors. */
const make = (length: number, f: (i: number) => number): Float64Array => Float64Array.from({ length }, (_, i) => f(i));

/** Error function to 1e-7 would be too coarse: the series, which converges quickly for the small values tested. */
export function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [term, total] = [z, z];
  for (let n = 1; n < 40; n++) {
    term *= (-z * z) / n;
    total += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * total);
}

export function sumAxis(x: Float64Array, a: number, n: number, b: number): Float64Array {
  return make(a * b, (i) => {
    let total = 0;
    for (let k = 0; k < n; k++) total += x[(Math.floor(i / b) * n + k) * b + (i % b)]!;
    return total;
  });
}

export function matmul(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  return make(m * n, (i) => {
    let total = 0;
    for (let j = 0; j < k; j++) total += a[Math.floor(i / n) * k + j]! * b[j * n + (i % n)]!;
    return total;
  });
}

export function linear(
  x: Float64Array,
  w: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
): Float64Array {
  return make(m * n, (i) => {
    let total = b[i % n]!;
    for (let j = 0; j < k; j++) total += x[Math.floor(i / n) * k + j]! * w[(i % n) * k + j]!;
    return total;
  });
}

export function softmax(x: Float64Array, width: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    const part = x.subarray(row, row + width);
    const max = Math.max(...part);
    const total = part.reduce((s, v) => s + Math.exp(v - max), 0);
    part.forEach((v, j) => {
      out[row + j] = Math.exp(v - max) / total;
    });
  }
  return out;
}

function normalised(values: readonly number[], eps: number): number[] {
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length;
  return values.map((v) => (v - mean) / Math.sqrt(variance + eps));
}

export function layerNorm(x: Float64Array, w: Float64Array, b: Float64Array, width: number, eps: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width)
    normalised([...x.subarray(row, row + width)], eps).forEach((v, j) => {
      out[row + j] = v * w[j]! + b[j]!;
    });
  return out;
}

export function layerNorm2d(
  x: Float64Array,
  w: Float64Array,
  b: Float64Array,
  images: number,
  channels: number,
  pixels: number,
  eps: number,
): Float64Array {
  const out = new Float64Array(x.length);
  for (let n = 0; n < images; n++)
    for (let p = 0; p < pixels; p++) {
      const at = (c: number) => (n * channels + c) * pixels + p;
      const values = Array.from({ length: channels }, (_, c) => x[at(c)]!);
      normalised(values, eps).forEach((v, c) => {
        out[at(c)] = v * w[c]! + b[c]!;
      });
    }
  return out;
}

/** q [B, N, D], k and v [B, M, D]; heads are part of B. */
export function attention(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  batch: number,
  n: number,
  m: number,
  d: number,
): Float64Array {
  const out = new Float64Array(batch * n * d);
  for (let row = 0; row < batch * n; row++) {
    const b = Math.floor(row / n);
    const scores = make(m, (j) => {
      let dot = 0;
      for (let c = 0; c < d; c++) dot += q[row * d + c]! * k[(b * m + j) * d + c]!;
      return dot / Math.sqrt(d);
    });
    softmax(scores, m).forEach((p, j) => {
      for (let c = 0; c < d; c++) out[row * d + c]! += p * v[(b * m + j) * d + c]!;
    });
  }
  return out;
}

export function conv2d(
  x: Float64Array,
  w: Float64Array,
  b: Float64Array,
  [images, channels, h, width]: [number, number, number, number],
  outputs: number,
  kernel: number,
  stride: number,
  padding: number,
): Float64Array {
  const [oh, ow] = [h, width].map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1) as [number, number];
  return make(images * outputs * oh * ow, (i) => {
    const [n, o] = [Math.floor(i / (outputs * oh * ow)), Math.floor(i / (oh * ow)) % outputs];
    const [y, xx] = [Math.floor(i / ow) % oh, i % ow];
    let total = b[o]!;
    for (let c = 0; c < channels; c++)
      for (let dy = 0; dy < kernel; dy++)
        for (let dx = 0; dx < kernel; dx++) {
          const [py, px] = [y * stride + dy - padding, xx * stride + dx - padding];
          if (py < 0 || px < 0 || py >= h || px >= width) continue;
          total +=
            x[((n * channels + c) * h + py) * width + px]! * w[((o * channels + c) * kernel + dy) * kernel + dx]!;
        }
    return total;
  });
}

/** Kernel and stride 2; weight [C, O, 2, 2]. */
export function convTranspose2(
  x: Float64Array,
  w: Float64Array,
  b: Float64Array,
  [images, channels, h, width]: [number, number, number, number],
  outputs: number,
): Float64Array {
  return make(images * outputs * 4 * h * width, (i) => {
    const [y, xx] = [Math.floor(i / (2 * width)) % (2 * h), i % (2 * width)];
    const [n, o] = [Math.floor(i / (4 * h * width * outputs)), Math.floor(i / (4 * h * width)) % outputs];
    let total = b[o]!;
    for (let c = 0; c < channels; c++)
      total +=
        x[((n * channels + c) * h + (y >> 1)) * width + (xx >> 1)]! *
        w[((c * outputs + o) * 2 + (y & 1)) * 2 + (xx & 1)]!;
    return total;
  });
}

export function maxPool2(x: Float64Array, planes: number, h: number, width: number): Float64Array {
  const [oh, ow] = [h >> 1, width >> 1];
  return make(planes * oh * ow, (i) => {
    const at = Math.floor(i / (oh * ow)) * h * width + 2 * (Math.floor(i / ow) % oh) * width + 2 * (i % ow);
    return Math.max(x[at]!, x[at + 1]!, x[at + width]!, x[at + width + 1]!);
  });
}

/** align_corners false. */
export function bilinear(
  x: Float64Array,
  planes: number,
  h: number,
  width: number,
  oh: number,
  ow: number,
): Float64Array {
  const taps = (i: number, from: number, to: number): [number, number, number] => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    return [low, Math.min(from - 1, low + 1), at - low];
  };
  return make(planes * oh * ow, (i) => {
    const plane = Math.floor(i / (oh * ow)) * h * width;
    const [y0, y1, fy] = taps(Math.floor(i / ow) % oh, h, oh);
    const [x0, x1, fx] = taps(i % ow, width, ow);
    const row = (y: number) => (1 - fx) * x[plane + y * width + x0]! + fx * x[plane + y * width + x1]!;
    return (1 - fy) * row(y0) + fy * row(y1);
  });
}

export function pixelShuffle(x: Float64Array, channels: number, h: number, width: number, r: number): Float64Array {
  const [oh, ow] = [h * r, width * r];
  return make((channels / (r * r)) * oh * ow, (i) => {
    const [c, y, xx] = [Math.floor(i / (oh * ow)), Math.floor(i / ow) % oh, i % ow];
    const from = c * r * r + (y % r) * r + (xx % r);
    return x[(from * h + Math.floor(y / r)) * width + Math.floor(xx / r)]!;
  });
}

/** [A, B, C, D] to [C, A, D, B]. */
export function permute2031(x: Float64Array, a: number, b: number, c: number, d: number): Float64Array {
  return make(a * b * c * d, (i) => {
    const [k, n, l, m] = [Math.floor(i / (a * d * b)), Math.floor(i / (d * b)) % a, Math.floor(i / b) % d, i % b];
    return x[((n * b + m) * c + k) * d + l]!;
  });
}
