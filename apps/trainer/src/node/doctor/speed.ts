import { add, type Device, matmul, noGrad, scope, tensor } from "@ama-sam/tensor";

/** Measured speed of an adapter. */
export interface Speed {
  gflops: number;
  /** Side of the matrices. */
  matrix: number;
  gbs: number;
  /** Size of the arrays. */
  bytes: number;
}

/** Times a square matrix product and an addition of large arrays; the best of a few, after one to warm up. */
export async function measureSpeed(device: Device): Promise<Speed> {
  const software = device.info.kind === "software";
  const matrix = software ? 384 : 2048;
  const length = software ? 2 ** 20 : 2 ** 24;
  const random = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const a = tensor(device, random(matrix * matrix), [matrix, matrix]);
  const x = tensor(device, random(length), [length]);
  const product = await best(device, () => void matmul(a, a));
  const sum = await best(device, () => void add(x, x));
  a.dispose("doctor");
  x.dispose("doctor");
  return { gflops: (2 * matrix ** 3) / product / 1e9, matrix, gbs: (2 * length * 4) / sum / 1e9, bytes: 4 * length };
}

/** Seconds of one call. Many calls are made before waiting, so that the cost of waiting does not count. */
async function best(device: Device, work: () => void): Promise<number> {
  let seconds = Number.POSITIVE_INFINITY;
  let calls = 1;
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) noGrad(device, () => scope(device, "doctor", work));
    await device.sync();
    const each = (performance.now() - start) / 1000 / calls;
    if (round > 0) seconds = Math.min(seconds, each);
    calls = Math.max(1, Math.min(32, Math.floor(0.1 / each)));
  }
  return seconds;
}
