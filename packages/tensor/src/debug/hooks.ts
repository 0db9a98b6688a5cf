import { flags } from "./flags";

/** Called after every op when a debug flag asks for it; set by `debug/validate.ts`, so that the core does not import it. */
export type AfterOp = (op: { name: string }, inputs: object, attrs: unknown, y: object) => void;

const hooks: AfterOp[] = [];

/** @internal */
export function onAfterOp(hook: AfterOp): void {
  hooks.push(hook);
}

/** @internal */
export function afterOp(op: { name: string }, inputs: object, attrs: unknown, y: object): void {
  if (hooks.length > 0 && (flags.nan || flags.validate || flags.mem))
    for (const hook of hooks) hook(op, inputs, attrs, y);
}
