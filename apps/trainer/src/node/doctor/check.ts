import { KernelError } from "@ama-sam/tensor";

/** The outcome of one check. */
export interface SelfTest {
  name: string;
  ok: boolean;
  /** Relative error; null where the op's own reference only says whether it agrees. */
  error: number | null;
  tolerance: number;
  message?: string;
}

/** A check that throws has failed, and the others go on. */
export async function guarded(name: string, tolerance: number, check: () => Promise<number | null>): Promise<SelfTest> {
  try {
    const error = await check();
    return { name, ok: error === null || error <= tolerance, error, tolerance };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { name, ok: false, error: KernelError.isInstance(cause) ? null : Number.NaN, tolerance, message };
  }
}

/** Values in (-1, 1) without pattern, the same on every machine. */
export function testValues(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return Math.fround((state / 2 ** 32) * 2 - 1);
  });
}
