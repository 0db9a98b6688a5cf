import { CheckpointError, quoteName } from "../errors";
import type { MemoryBudget } from "./memory-budget";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleTuple,
  type PickleValue,
  StorageRef,
  TensorRef,
} from "./pickle-values";

const MAX_DEPTH = 64;

/** What `openCheckpoint` makes of an unpickled value. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Everything else as plain data: null-prototype objects, arrays, numbers, strings, booleans, null. */
  readonly extras: unknown;
}

/**
 * Names the tensors below `root` and turns the rest into plain data.
 * Nested keys and list indices are joined with "."; `root` is `pickRoot`'s.
 */
export function flattenStateDict(value: PickleValue, root: string | undefined, budget: MemoryBudget): StateDict {
  const tensors = new Map<string, TensorRef>();
  const top = pickRoot(value, root);
  if (top instanceof TensorRef) tensors.set("tensor", top);
  else collect(top, "", 0, tensors, budget);
  const extras = toPlain(value, 0, budget);
  return { tensors, extras: extras === DROPPED ? Object.create(null) : extras };
}

/**
 * The value whose tensors are taken. A given path ("" for the whole file, else keys joined by ".") is followed; without one a
 * dict that holds no tensor itself, but exactly one dict of tensors (`{model: {...}, epoch: 3}`), is unwrapped to that one.
 */
function pickRoot(value: PickleValue, root: string | undefined): PickleValue {
  if (root === undefined) {
    if (!(value instanceof PickleDict) || hasTensor(value)) return value;
    const inner = [...value.map.values()].filter((v) => v instanceof PickleDict && hasTensor(v));
    return inner.length === 1 ? (inner[0] as PickleDict) : value;
  }
  if (root === "") return value;
  let at = value;
  for (const part of root.split(".")) {
    const next = at instanceof PickleDict ? [...at.map].find(([key]) => keyName(key) === part)?.[1] : undefined;
    if (next === undefined) {
      const names =
        at instanceof PickleDict ? [...at.map.keys()].slice(0, 10).map((key) => quoteName(keyName(key))) : [];
      throw new CheckpointError(
        "not-found",
        `[openCheckpoint] the file has no root of that name. Got ${quoteName(root)}. ` +
          `Expected ${names.length > 0 ? `keys such as ${names.join(", ")}` : "the file's value to be a dict"}.`,
      );
    }
    at = next;
  }
  return at;
}

function hasTensor(dict: PickleDict): boolean {
  for (const value of dict.map.values()) if (value instanceof TensorRef) return true;
  return false;
}

function tooDeep(): never {
  throw new CheckpointError(
    "limit",
    `[openCheckpoint] the values of the pickle are nested more than ${MAX_DEPTH} deep, or contain themselves. ` +
      "Expected a state dict. The file is damaged or hostile.",
  );
}

function keyName(key: PickleValue): string {
  if (typeof key === "string") return key;
  if (key instanceof PickleTuple) {
    // Nested tuples could be made to double at each level; a key is a name, not a tree.
    return `(${key.items.map((item) => (item instanceof PickleTuple ? "(...)" : keyName(item))).join(", ")})`;
  }
  if (key instanceof PickleGlobal) return key.name;
  return typeof key === "object" && key !== null ? "?" : String(key);
}

function children(value: PickleValue): Iterable<readonly [PickleValue, PickleValue]> {
  if (value instanceof PickleDict) return value.map;
  if (value instanceof PickleList || value instanceof PickleTuple) return value.items.entries();
  return [];
}

function collect(
  value: PickleValue,
  prefix: string,
  depth: number,
  out: Map<string, TensorRef>,
  budget: MemoryBudget,
): void {
  if (depth > MAX_DEPTH) tooDeep();
  for (const [key, child] of children(value)) {
    budget.spend(8);
    if (typeof child !== "object" || child === null) continue;
    const own = keyName(key);
    const name = prefix === "" ? own : `${prefix}.${own}`;
    budget.spend(2 * name.length);
    if (!(child instanceof TensorRef)) {
      collect(child, name, depth + 1, out, budget);
      continue;
    }
    budget.spend(300);
    if (out.has(name)) {
      throw new CheckpointError(
        "corrupt",
        `[openCheckpoint] two tensors get the name ${quoteName(name)} once nested keys are joined by ".". ` +
          "Open the file with the root option to take one of the dicts.",
      );
    }
    out.set(name, child);
  }
}

/** Marks what `extras` leaves out: tensors, and the containers that held nothing else. */
const DROPPED = Symbol("dropped");

function toPlain(value: PickleValue, depth: number, budget: MemoryBudget): unknown {
  if (depth > MAX_DEPTH) tooDeep();
  budget.spend(16);
  if (value instanceof TensorRef || value instanceof StorageRef) return DROPPED;
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickleList || value instanceof PickleTuple) {
    budget.spend(32 + 8 * value.items.length);
    const items = value.items.map((item) => toPlain(item, depth + 1, budget));
    if (items.length > 0 && items.every((item) => item === DROPPED)) return DROPPED;
    return items.map((item) => (item === DROPPED ? null : item));
  }
  if (value instanceof PickleDict) {
    budget.spend(128);
    // A null prototype: a key such as "__proto__" is then a key like any other.
    const plain = Object.create(null) as Record<string, unknown>;
    let kept = 0;
    for (const [key, child] of value.map) {
      const item = toPlain(child, depth + 1, budget);
      if (item === DROPPED) continue;
      const name = keyName(key);
      budget.spend(48 + 2 * name.length);
      plain[name] = item;
      kept++;
    }
    return kept === 0 && value.map.size > 0 ? DROPPED : plain;
  }
  return value;
}
