import type { Dtype } from "../dtype";

/** Everything that a pickle can become here. Python objects are inert records: there is nothing in them to call. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | StorageRef
  | TensorRef;

/** A tuple, a torch.Size included. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

export class PickleList {
  readonly items: PickleValue[] = [];
}

/** A dict or OrderedDict; a Map, so that no key can reach a prototype. */
export class PickleDict {
  readonly map = new Map<PickleValue, PickleValue>();
  constructor(readonly ordered: boolean) {}
}

/** A global of the allow-list, by its full Python name. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly kind: "ordered-dict" | "rebuild-tensor" | "rebuild-parameter" | "size" | "storage",
    readonly dtype?: Dtype,
  ) {}
}

/** A run of elements in a storage of the file: the whole of it, or a legacy storage view. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: Dtype,
    /** First element within the storage `key`. */
    readonly offset: number,
    readonly count: number,
    /** Elements of the whole storage `key`. */
    readonly rootCount: number,
  ) {}
}

/** A strided view of a storage, checked to lie within it. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    /** First element within the storage ref. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly count: number,
  ) {}
}

/** What a value is, for messages. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  if (value instanceof PickleList) return "a list";
  if (value instanceof PickleDict) return "a dict";
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof StorageRef) return "a storage";
  if (value instanceof TensorRef) return "a tensor";
  return typeof value === "string" ? "a string" : typeof value === "boolean" ? "a bool" : "a number";
}
