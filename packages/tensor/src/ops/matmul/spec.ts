import type { Bindable } from "../../kernel/define-kernel";
import type { Operand } from "../../tensor/operand";

/** What a product may end with. */
export type Activation = "none" | "relu" | "gelu";
/** The activations as the kernels number them. */
export const ACT: Record<Activation, number> = { none: 0, relu: 1, gelu: 2 };

/** A batched product `y = alpha op(a) op(b) + bias`, then an activation. */
export interface Product {
  a: Operand;
  b: Operand;
  /** Where the result goes: [batch, m, n]. */
  y: Operand;
  batch: number;
  m: number;
  n: number;
  k: number;
  /** `a` is stored [k, m] (`b`: [n, k]). */
  transposeA?: boolean;
  transposeB?: boolean;
  /** One matrix serves the whole batch. */
  sharedA?: boolean;
  sharedB?: boolean;
  /** A value per column of the result, or per row with `biasPerRow`. */
  bias?: Bindable | null;
  biasPerRow?: boolean;
  activation?: Activation;
  alpha?: number;
}

/** Floating-point operations of a product of `m` rows in each matrix of the batch. */
export function productFlops({ batch, n, k }: Product, m: number): number {
  return 2 * batch * m * n * k;
}

/** The end of a product as uniforms. */
export function epilogue({ alpha = 1, bias = null, biasPerRow = false, activation = "none" }: Product) {
  return { alpha, bias: bias === null ? 0 : biasPerRow ? 2 : 1, act: ACT[activation] };
}

/** The last scalars of kernels whose workgroups own tiles: tiles of a matrix and of all, and {@link epilogue}. */
export const tailUniforms = { tilesM: "u32", tiles: "u32", alpha: "f32", bias: "u32", act: "u32" } as const;

/** Scalars of the kernels on tiles in workgroup memory. */
export const tileUniforms = {
  m: "u32",
  n: "u32",
  k: "u32",
  strideA: "u32",
  strideB: "u32",
  ...tailUniforms,
} as const;
