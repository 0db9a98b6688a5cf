import { type ByteSource, readExactly } from "../byte-source";
import type { Checkpoint } from "../checkpoint";
import { DTYPES } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { persistentStorage } from "./globals";
import { MemoryBudget } from "./memory-budget";
import type { OpenTorchOptions } from "./open-zip";
import { describe, PickleDict, PickleList, type PickleValue, type StorageRef } from "./pickle-values";
import { flattenStateDict } from "./state-dict";
import { torchCheckpoint } from "./torch-checkpoint";
import { unpickle } from "./unpickle";

/** torch.serialization.MAGIC_NUMBER, and the one protocol version that there ever was. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;

function corrupt(problem: string): never {
  throw new CheckpointError("corrupt", `[openCheckpoint] the legacy .pth file is not valid: ${problem}.`);
}

interface Pickles {
  readonly value: PickleValue;
  /** Storage keys in the order of their data. */
  readonly keys: readonly string[];
  /** The storages that the value refers to. */
  readonly storages: ReadonlyMap<string, StorageRef>;
  readonly end: number;
  readonly budget: MemoryBudget;
}

/** Five pickles one after another: magic number, protocol, system info, the value, and the storage keys. */
function readPickles(bytes: Uint8Array): Pickles {
  const budget = new MemoryBudget(bytes.length);
  const storages = new Map<string, StorageRef>();
  const persistentLoad = (id: PickleValue): StorageRef => {
    const storage = persistentStorage(id, "torch-legacy");
    const known = storages.get(storage.key);
    if (known !== undefined && (known.dtype !== storage.dtype || known.rootCount !== storage.rootCount)) {
      corrupt(`storage ${quoteName(storage.key)} is described in two ways`);
    }
    storages.set(storage.key, known ?? storage);
    return storage;
  };
  let end = 0;
  const next = (): PickleValue => {
    const result = unpickle(bytes, end, { budget, persistentLoad });
    end = result.end;
    return result.value;
  };
  if (next() !== MAGIC) corrupt("its magic number is wrong");
  const protocol = next();
  if (protocol !== PROTOCOL) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] unknown legacy protocol. Got ${String(protocol)}. Expected ${PROTOCOL}.`,
    );
  }
  const system = next();
  if (!(system instanceof PickleDict)) corrupt(`its system info is ${describe(system)}`);
  if ((system as PickleDict).map.get("little_endian") !== true) {
    throw new CheckpointError(
      "unsupported",
      "[openCheckpoint] the checkpoint was saved on a big-endian machine. Load and save it again on a little-endian one.",
    );
  }
  const value = next();
  const list = next();
  if (!(list instanceof PickleList) || !list.items.every((key) => typeof key === "string")) {
    return corrupt(`its storage keys are ${describe(list)}, not a list of strings`);
  }
  return { value, keys: list.items as string[], storages, end, budget };
}

/** The pickles come before the data and say nowhere how long they are: read more until they end. */
async function readAllPickles(source: ByteSource): Promise<Pickles> {
  for (let length = 1024 * 1024; ; length *= 8) {
    const wanted = Math.min(length, source.size, MAX_PICKLE_BYTES);
    const bytes = await readExactly(source, 0, wanted, "the pickles of the legacy file");
    try {
      return readPickles(bytes);
    } catch (error) {
      const more = CheckpointError.isInstance(error) && error.code === "truncated" && wanted === length;
      if (!more) throw error;
    }
  }
}

/** Opens a `.pth` of torch < 1.6 (or saved with `_use_new_zipfile_serialization=False`): pickles, then storages, no checksums. */
export async function openTorchLegacy(source: ByteSource, options: OpenTorchOptions): Promise<Checkpoint> {
  const { value, keys, storages, end, budget } = await readAllPickles(source);
  const offsets = new Map<string, number>();
  let at = end;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) return corrupt(`storage ${quoteName(key)} belongs to no tensor`);
    if (offsets.has(key)) corrupt(`storage ${quoteName(key)} comes twice`);
    const head = await readExactly(source, at, 8, `the length of storage ${quoteName(key)}`);
    const count = new DataView(head.buffer, head.byteOffset, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.rootCount))
      corrupt(`storage ${quoteName(key)} has ${count} elements instead of ${storage.rootCount}`);
    offsets.set(key, at + 8);
    at += 8 + storage.rootCount * DTYPES[storage.dtype].bytes;
  }
  for (const key of storages.keys()) if (!offsets.has(key)) corrupt(`the data of storage ${quoteName(key)} is missing`);
  if (at > source.size) {
    throw new CheckpointError(
      "truncated",
      `[openCheckpoint] the legacy .pth file is cut off. Got ${source.size} bytes. Expected ${at}. Download or copy it again.`,
    );
  }
  if (at < source.size) corrupt(`${source.size - at} bytes follow the last storage`);
  return torchCheckpoint("torch-legacy", source, flattenStateDict(value, options.root, budget), {
    locate: async (storage) => offsets.get(storage.key) as number,
    verify: async () => {},
  });
}
