/** a [M, K] times b [K, N] in double precision, four rows at a time. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>, M: number, K: number, N: number): Float64Array {
  if (M % 4 !== 0) throw new Error(`[product] rows do not come in fours. Got ${M}.`);
  const y = new Float64Array(M * N);
  for (let i = 0; i < M; i += 4)
    for (let k = 0; k < K; k++) {
      const [a0, a1, a2, a3] = [a[i * K + k], a[(i + 1) * K + k], a[(i + 2) * K + k], a[(i + 3) * K + k]];
      const row = k * N;
      const at = i * N;
      for (let j = 0; j < N; j++) {
        const value = b[row + j];
        y[at + j] += a0 * value;
        y[at + N + j] += a1 * value;
        y[at + 2 * N + j] += a2 * value;
        y[at + 3 * N + j] += a3 * value;
      }
    }
  return y;
}

export function transpose(a: ArrayLike<number>, rows: number, cols: number): Float64Array {
  const y = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) y[j * rows + i] = a[i * cols + j];
  return y;
}

/** a plus a row, in place. */
export function addRow(a: Float64Array, row: ArrayLike<number>): Float64Array {
  for (let i = 0; i < a.length; i++) a[i] += row[i % row.length];
  return a;
}

export const add = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: a.length }, (_, i) => a[i] + b[i]);

/** Sums over rows: [rows, cols] -> [cols]. */
export function columnSums(a: ArrayLike<number>, cols: number): Float64Array {
  const y = new Float64Array(cols);
  for (let i = 0; i < a.length; i++) y[i % cols] += a[i];
  return y;
}

export interface Normed {
  y: Float64Array;
  /** Before weight and bias. */
  plain: Float64Array;
  /** 1 / standard deviation of each row. */
  inverse: Float64Array;
}

/** Layer norm over the last axis of x [rows, cols]. */
export function layerNorm(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  eps: number,
): Normed {
  const cols = weight.length;
  const rows = x.length / cols;
  const [y, plain, inverse] = [new Float64Array(x.length), new Float64Array(x.length), new Float64Array(rows)];
  for (let i = 0; i < rows; i++) {
    let [mean, variance] = [0, 0];
    for (let j = 0; j < cols; j++) mean += x[i * cols + j] / cols;
    for (let j = 0; j < cols; j++) variance += (x[i * cols + j] - mean) ** 2 / cols;
    inverse[i] = 1 / Math.sqrt(variance + eps);
    for (let j = 0; j < cols; j++) {
      plain[i * cols + j] = (x[i * cols + j] - mean) * inverse[i];
      y[i * cols + j] = plain[i * cols + j] * weight[j] + bias[j];
    }
  }
  return { y, plain, inverse };
}

/** d loss / d x of a layer norm. */
export function layerNormBackward(
  dy: Float64Array,
  { plain, inverse }: Normed,
  weight: ArrayLike<number>,
): Float64Array {
  const cols = weight.length;
  const dx = new Float64Array(dy.length);
  for (let i = 0; i < inverse.length; i++) {
    let [mean, slope] = [0, 0];
    for (let j = 0; j < cols; j++) {
      const h = dy[i * cols + j] * weight[j];
      mean += h / cols;
      slope += (h * plain[i * cols + j]) / cols;
    }
    for (let j = 0; j < cols; j++)
      dx[i * cols + j] = inverse[i] * (dy[i * cols + j] * weight[j] - mean - plain[i * cols + j] * slope);
  }
  return dx;
}
