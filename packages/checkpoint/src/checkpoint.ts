import { allocate, bytesOf, convertToFloat32, DTYPES, type Dtype, type TensorData } from "./dtype";
import { CheckpointError, quoteName } from "./errors";
import { nearestNames } from "./nearest-names";
import { elementCount } from "./shape";

/** What is known of a tensor without reading its data. */
export interface CheckpointEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes of the contiguous tensor in its stored type. */
  readonly byteLength: number;
}

/** A tensor read from a checkpoint: row-major, in memory of its own. */
export interface CheckpointTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** How `read` returns floating-point tensors: all as f32 (the default), or as stored. Integers and bools always come as stored. */
export interface ReadOptions {
  readonly dtype?: "f32" | "stored";
}

/** An opened checkpoint: names, types and shapes are known, data is read on demand from the source. */
export interface Checkpoint {
  readonly format: "safetensors" | "torch-zip" | "torch-legacy";
  /** The `__metadata__` of a safetensors file; empty for torch files. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors in file order. */
  readonly entries: ReadonlyMap<string, CheckpointEntry>;
  /** A tensor by name. Throws `not-found` with the nearest names. */
  read(name: string, options?: ReadOptions): Promise<CheckpointTensor>;
  /** Fills `target` with a floating-point tensor as f32; its length must be the element count. */
  readInto(name: string, target: Float32Array): Promise<void>;
  /** The values of a torch file that are no tensors (epoch, learning rate, ...) as plain data; null for safetensors. */
  readonly extras: unknown;
}

/** What a format provides; the rest of a Checkpoint is the same for all. */
export interface CheckpointParts {
  readonly format: Checkpoint["format"];
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, CheckpointEntry>;
  readonly extras: unknown;
  /** Fills `target` (of `byteLength` bytes) with the contiguous, stored bytes of a tensor that exists. */
  load(name: string, target: Uint8Array): Promise<void>;
}

/** Adds reading and conversion to a format's parts. */
export function makeCheckpoint(parts: CheckpointParts): Checkpoint {
  const { format, metadata, entries, extras, load } = parts;

  const find = (where: string, name: string): CheckpointEntry => {
    const entry = entries.get(name);
    if (entry) return entry;
    const near = nearestNames(name, entries.keys(), 3).map(quoteName);
    throw new CheckpointError(
      "not-found",
      `[${where}] no tensor of that name. Got ${quoteName(name)}. Expected one of the ${entries.size} names in entries` +
        `${near.length > 0 ? `, for example ${near.join(", ")}` : ""}.`,
    );
  };

  const stored = async (name: string, entry: CheckpointEntry): Promise<TensorData> => {
    const data = allocate(entry.dtype, entry.byteLength / DTYPES[entry.dtype].bytes);
    await load(name, bytesOf(data));
    return data;
  };

  return {
    format,
    metadata,
    entries,
    extras,
    async read(name, options = {}) {
      const entry = find("read", name);
      const data = await stored(name, entry);
      if (options.dtype === "stored" || !DTYPES[entry.dtype].floating || entry.dtype === "f32") {
        return { dtype: entry.dtype, shape: entry.shape, data };
      }
      const converted = new Float32Array(data.length);
      convertToFloat32(entry.dtype, data, converted);
      return { dtype: "f32", shape: entry.shape, data: converted };
    },
    async readInto(name, target) {
      const entry = find("readInto", name);
      const count = elementCount(entry.shape);
      if (!DTYPES[entry.dtype].floating || target.length !== count) {
        throw new CheckpointError(
          "argument",
          `[readInto] the target does not fit ${quoteName(name)}. Got a Float32Array of ${target.length}. ` +
            `Expected ${count} elements of a floating-point tensor; this one is ${entry.dtype} [${entry.shape}].`,
        );
      }
      if (entry.dtype === "f32") await load(name, bytesOf(target));
      else convertToFloat32(entry.dtype, await stored(name, entry), target);
    },
  };
}

/**
 * The same checkpoint under other names: `names` maps the names of the file to new ones, names that it lacks are left out.
 * Nothing is read or copied. Throws `argument` where two tensors would get one name.
 */
export function renameCheckpoint(checkpoint: Checkpoint, names: ReadonlyMap<string, string>): Checkpoint {
  const entries = new Map<string, CheckpointEntry>();
  const original = new Map<string, string>();
  for (const [name, entry] of checkpoint.entries) {
    const renamed = names.get(name);
    if (renamed === undefined) continue;
    if (entries.has(renamed)) {
      throw new CheckpointError(
        "argument",
        `[renameCheckpoint] two tensors would share a name. Got ${quoteName(original.get(renamed) ?? "")} and ` +
          `${quoteName(name)}, both for ${quoteName(renamed)}.`,
      );
    }
    entries.set(renamed, entry);
    original.set(renamed, name);
  }
  const missing = (name: string): never => {
    throw new CheckpointError("not-found", `[read] no tensor of that name. Got ${quoteName(name)} (after renaming).`);
  };
  return {
    ...checkpoint,
    entries,
    read: async (name, options) => checkpoint.read(original.get(name) ?? missing(name), options),
    readInto: async (name, target) => checkpoint.readInto(original.get(name) ?? missing(name), target),
  };
}
