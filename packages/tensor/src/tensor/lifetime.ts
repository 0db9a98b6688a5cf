import type { Device } from "../device/device";
import { LifetimeError } from "../errors";

/** What a scope can own. */
export interface Owned {
  dispose(by?: string): void;
}

/** One open scope: owns every tensor made while it is the innermost. */
export interface Scope {
  readonly name: string;
  readonly owned: Set<Owned>;
}

const stacks = new WeakMap<Device, Scope[]>();

function stackOf(device: Device): Scope[] {
  let stack = stacks.get(device);
  if (!stack) {
    stack = [];
    stacks.set(device, stack);
  }
  return stack;
}

/** @internal Registers a new tensor with the innermost scope; returns that scope. */
export function own(device: Device, tensor: Owned): Scope | null {
  const stack = stackOf(device);
  const top = stack[stack.length - 1] ?? null;
  top?.owned.add(tensor);
  return top;
}

/** @internal */
export function openScope(device: Device, name: string): Scope {
  const scope: Scope = { name, owned: new Set() };
  stackOf(device).push(scope);
  return scope;
}

/** @internal Frees what the scope owns but `escaping`, which the parent scope then owns. */
export function closeScope(device: Device, scope: Scope, escaping: Iterable<Owned & { scope: Scope | null }> = []): void {
  const stack = stackOf(device);
  if (stack.pop() !== scope) {
    stack.length = 0;
    throw new LifetimeError(
      "scope",
      `scopes closed out of order at "${scope.name}". Two asynchronous scopes of one device overlap; await one before the next.`,
    );
  }
  const parent = stack[stack.length - 1] ?? null;
  for (const tensor of escaping) {
    if (!scope.owned.delete(tensor)) continue;
    tensor.scope = parent;
    parent?.owned.add(tensor);
  }
  for (const tensor of scope.owned) tensor.dispose(`scope "${scope.name}"`);
}
