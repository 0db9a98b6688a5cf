import { flags, say } from "../debug/flags";
import type { Device } from "../device/device";
import { showBytes } from "../device/memory-text";
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
  device.assertUsable();
  const scope: Scope = { name, owned: new Set() };
  stackOf(device).push(scope);
  if (flags.debug >= 3) say(`scope "${name}" opens; live ${showBytes(device.memory().liveBytes)}`);
  return scope;
}

/**
 * @internal Frees what the scope owns but `escaping`, which the parent scope then owns.
 * @throws LifetimeError when a scope opened later is still open; this one is closed all the same, and the device stays usable
 */
export function closeScope(
  device: Device,
  scope: Scope,
  escaping: Iterable<Owned & { scope: Scope | null }> = [],
): void {
  const stack = stackOf(device);
  const at = stack.lastIndexOf(scope);
  const later = stack[at + 1];
  if (at >= 0 && !later) {
    const parent = stack[at - 1] ?? null;
    for (const tensor of escaping) {
      if (!scope.owned.delete(tensor)) continue;
      tensor.scope = parent;
      parent?.owned.add(tensor);
    }
  }
  dropScope(device, scope);
  if (later)
    throw new LifetimeError(
      "scope",
      `scopes overlap. Got the end of "${scope.name}" while "${later.name}", opened after it, is still open. Expected asynchronous scopes of one device to nest; await one before the next.`,
    );
}

/** @internal Frees everything that the scope owns, whatever else is open: for the way out of an error. */
export function dropScope(device: Device, scope: Scope): void {
  const stack = stackOf(device);
  const at = stack.lastIndexOf(scope);
  if (at >= 0) stack.splice(at, 1);
  for (const tensor of scope.owned) tensor.dispose(`scope "${scope.name}"`);
  if (flags.debug >= 3) say(`scope "${scope.name}" closes; live ${showBytes(device.memory().liveBytes)}`);
}
