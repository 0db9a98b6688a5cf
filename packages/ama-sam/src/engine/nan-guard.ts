/** Bad steps in a row after which the weights go back to the last checkpoint. */
export const BAD_STEPS_IN_A_ROW = 3;
/** Roll-backs after which training stops. */
export const MAX_ROLLBACKS = 3;

/** What the guard remembers; plain data, part of the saved state. */
export interface GuardState {
  /** Bad steps since the last good one or roll-back. */
  inARow: number;
  /** Bad steps of the whole run. */
  skipped: number;
  rollbacks: number;
  /** Images of the bad steps in a row. */
  images: string[];
}

/** A guard that has seen nothing. */
export function newGuard(): GuardState {
  return { inARow: 0, skipped: 0, rollbacks: 0, images: [] };
}

/** What to do with a step. */
export type Verdict = "update" | "skip" | "rollback" | "stop";

/**
 * Judges a step by its scalars: finite ones let the update through; others skip it, the third in a row rolls back, and after
 * three roll-backs the next such row stops the run.
 */
export function judgeStep(
  guard: GuardState,
  finite: boolean,
  ids: readonly string[],
): { guard: GuardState; verdict: Verdict } {
  if (finite) return { guard: { ...guard, inARow: 0, images: [] }, verdict: "update" };
  const inARow = guard.inARow + 1;
  const images = [...new Set([...guard.images, ...ids])];
  const next = { ...guard, inARow, skipped: guard.skipped + 1, images };
  if (inARow < BAD_STEPS_IN_A_ROW) return { guard: next, verdict: "skip" };
  if (guard.rollbacks >= MAX_ROLLBACKS) return { guard: next, verdict: "stop" };
  return { guard: { ...next, inARow: 0, images: [], rollbacks: guard.rollbacks + 1 }, verdict: "rollback" };
}
