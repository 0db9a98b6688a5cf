import { flags } from "../debug/flags";

/** A part of a kernel's workgroups, to be launched by itself. */
export interface Piece {
  /** Number of its first workgroup. */
  first: number;
  /** Number after its last one. */
  end: number;
  /** Floating-point operations in it. */
  flops: number;
}

/**
 * Cuts a launch into pieces of at most `TENSOR_LAUNCH_GFLOP` (default 100) each. Windows resets a GPU whose work cannot be
 * interrupted for two seconds, browsers give up on one sooner or later: on an integrated GPU that computes at 0.1 TFLOP/s in
 * practice, a piece takes a second. Kernels whose workgroups are independent give the same bits in one piece or in many.
 * @param groups workgroups of the whole launch
 * @param flops floating-point operations of the whole launch
 */
export function piecesOf(groups: number, flops: number): Piece[] {
  const count = Math.min(groups, Math.ceil(flops / (flags.launchGflop * 1e9)));
  if (count <= 1) return [{ first: 0, end: groups, flops }];
  const size = Math.ceil(groups / count);
  const pieces: Piece[] = [];
  for (let first = 0; first < groups; first += size) {
    const end = Math.min(first + size, groups);
    pieces.push({ first, end, flops: (flops * (end - first)) / groups });
  }
  return pieces;
}
