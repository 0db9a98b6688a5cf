import type { RefArray } from "../op/reference";
import type { Tensor } from "../tensor/tensor";
import { flags } from "./flags";
import { watchFinite } from "./nan";
import { shadowRun } from "./validate";

/** What a debug check needs of an op's definition. */
export interface Checked {
  name: string;
  reference?(inputs: Record<string, RefArray | null>, attrs: unknown): RefArray;
}

/** @internal Runs after every op while `TENSOR_NAN` or `TENSOR_VALIDATE` is on. */
export function afterForward(op: Checked, inputs: Record<string, Tensor | null>, attrs: unknown, y: Tensor): void {
  if (flags.nan) watchFinite(y.device, op.name, inputs, { y });
  if (flags.validate) shadowRun(op, inputs, attrs, y);
}

/** @internal Runs after every vjp while `TENSOR_NAN` is on. */
export function afterVjp(op: string, dy: Tensor, grads: Record<string, Tensor | null | undefined>): void {
  const named = Object.entries(grads).map(([name, dx]): [string, Tensor | null] => [`d${name}`, dx ?? null]);
  watchFinite(dy.device, `${op} backward`, { dy }, Object.fromEntries(named));
}
