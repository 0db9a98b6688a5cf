import type { Dtype } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { elementCount, isContiguous, lastElement, MAX_DIMS } from "../shape";
import {
  describe,
  PickleDict,
  PickleGlobal,
  PickleTuple,
  type PickleValue,
  StorageRef,
  TensorRef,
} from "./pickle-values";

/** torch's typed storages and their element types. */
const STORAGES: readonly (readonly [string, Dtype])[] = [
  ["FloatStorage", "f32"],
  ["DoubleStorage", "f64"],
  ["HalfStorage", "f16"],
  ["BFloat16Storage", "bf16"],
  ["LongStorage", "i64"],
  ["IntStorage", "i32"],
  ["ShortStorage", "i16"],
  ["CharStorage", "i8"],
  ["ByteStorage", "u8"],
  ["BoolStorage", "bool"],
];

function allowList(): ReadonlyMap<string, PickleGlobal> {
  const list = [
    new PickleGlobal("collections.OrderedDict", "ordered-dict"),
    new PickleGlobal("torch._utils._rebuild_tensor_v2", "rebuild-tensor"),
    new PickleGlobal("torch._utils._rebuild_parameter", "rebuild-parameter"),
    new PickleGlobal("torch.Size", "size"),
    ...STORAGES.map(([name, dtype]) => new PickleGlobal(`torch.${name}`, "storage", dtype)),
  ];
  return new Map(list.map((global) => [global.name, global]));
}

let allowed: ReadonlyMap<string, PickleGlobal> | undefined;

/** The global of that name if a state dict needs it; `forbidden-global`, naming it, for any other. Looks nothing up but this list. */
export function resolveGlobal(module: string, name: string): PickleGlobal {
  allowed ??= allowList();
  const full = `${module}.${name}`;
  const global = allowed.get(full);
  if (global) return global;
  const shown = full.length > 200 ? `${full.slice(0, 197)}...` : full;
  const hint = full.startsWith("torch.")
    ? "Only plain tensors are read: save model.state_dict() with dense, unquantised tensors."
    : "Save only model.state_dict() and plain numbers or strings, or export the file as safetensors.";
  throw new CheckpointError(
    "forbidden-global",
    `[openCheckpoint] the pickle asks for the global ${quoteName(shown).slice(1, -1)}, which a state dict does not need. ` +
      `Nothing was executed. Expected only ${[...allowed.keys()].join(", ")}. ${hint}`,
    { global: shown },
  );
}

function corrupt(problem: string): never {
  throw new CheckpointError("corrupt", `[openCheckpoint] the pickle is not valid: ${problem}.`);
}

function isIndex(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function indices(what: string, value: PickleValue | undefined): readonly number[] {
  if (!(value instanceof PickleTuple) || value.items.length > MAX_DIMS || !value.items.every(isIndex)) {
    return corrupt(`${what} must be a tuple of at most ${MAX_DIMS} whole numbers >= 0, not ${describe(value)}`);
  }
  return value.items as readonly number[];
}

/** What REDUCE may do: the handful of constructors of the allow-list, on checked arguments. */
export function callGlobal(callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof PickleGlobal)) return corrupt(`REDUCE calls ${describe(callee)}`);
  if (!(args instanceof PickleTuple)) return corrupt(`REDUCE passes ${describe(args)} instead of a tuple`);
  const { items } = args;
  switch (callee.kind) {
    case "ordered-dict":
      if (items.length > 0) corrupt("OrderedDict takes no arguments in a state dict");
      return new PickleDict(true);
    case "size":
      if (items.length !== 1) corrupt("torch.Size takes one tuple");
      return new PickleTuple(indices("torch.Size", items[0]));
    case "rebuild-tensor":
      return rebuildTensor(items);
    case "rebuild-parameter":
      if (items.length !== 3 || !(items[0] instanceof TensorRef))
        corrupt("_rebuild_parameter takes a tensor, a bool and hooks");
      return items[0] as TensorRef;
    case "storage":
      return corrupt(`${callee.name} is called instead of being part of a persistent id`);
  }
}

/** `(storage, storage_offset, size, stride, requires_grad, backward_hooks[, metadata])`. */
function rebuildTensor(items: readonly PickleValue[]): TensorRef {
  const [storage, offset, , , , , metadata] = items;
  if (items.length < 6 || items.length > 7 || !(storage instanceof StorageRef)) {
    return corrupt(
      `_rebuild_tensor_v2 takes a storage and 5 or 6 more arguments, not ${describe(storage)} and ${items.length - 1}`,
    );
  }
  const shape = indices("a tensor's size", items[2]);
  const strides = indices("a tensor's stride", items[3]);
  if (!isIndex(offset)) return corrupt(`a storage offset must be a whole number >= 0, not ${describe(offset)}`);
  if (metadata instanceof PickleDict && [...metadata.map.values()].some((v) => v !== false)) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] a tensor is stored as a lazy conjugate or negative. Got ${[...metadata.map.keys()].map(String)}. ` +
        "Save tensor.resolve_conj().resolve_neg().clone() instead.",
    );
  }
  const count = elementCount(shape);
  const last = lastElement(shape, strides);
  const end = count === 0 ? offset : offset + last + 1;
  if (strides.length !== shape.length || count === undefined || !Number.isSafeInteger(end) || end > storage.count) {
    return corrupt(
      `a tensor reaches beyond its storage: offset ${offset}, size [${shape}], stride [${strides}], ` +
        `storage of ${storage.count} elements`,
    );
  }
  return new TensorRef(storage, offset, shape, strides, count);
}

/** The storage that a persistent id names: `("storage", type, key, location, numel[, view])`. */
export function persistentStorage(id: PickleValue, format: "torch-zip" | "torch-legacy"): StorageRef {
  const items = id instanceof PickleTuple ? id.items : [];
  const [tag, type, key, , count, view] = items;
  const fits = items.length === 5 || (items.length === 6 && format === "torch-legacy");
  if (
    !fits ||
    tag !== "storage" ||
    !(type instanceof PickleGlobal) ||
    type.dtype === undefined ||
    typeof key !== "string" ||
    !isIndex(count)
  ) {
    return corrupt(`a persistent id must be ("storage", type, key, location, count), not ${describe(id)}`);
  }
  if (view === undefined || view === null) return new StorageRef(key, type.dtype, 0, count, count);
  const [, offset, size] = view instanceof PickleTuple ? view.items : [];
  if (!isIndex(offset) || !isIndex(size) || offset + size > count) {
    return corrupt(`a storage view must be (key, offset, size) within ${count} elements, not ${describe(view)}`);
  }
  return new StorageRef(key, type.dtype, offset, size, count);
}

/** True where a tensor's bytes lie row-major in its storage. */
export function isPacked(tensor: TensorRef): boolean {
  return isContiguous(tensor.shape, tensor.strides);
}
