import { type ByteSource, readExactly } from "../byte-source";
import type { Checkpoint } from "../checkpoint";
import { crc32 } from "../crc32";
import { DTYPES } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { persistentStorage } from "./globals";
import { MemoryBudget } from "./memory-budget";
import type { StorageRef } from "./pickle-values";
import { flattenStateDict } from "./state-dict";
import { type StorageReader, scan, torchCheckpoint } from "./torch-checkpoint";
import { unpickle } from "./unpickle";
import { readZipDirectory, type ZipEntry, zipDataOffset } from "./zip-directory";

/** A pickle this long would describe some 400,000 tensors. */
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;

export interface OpenTorchOptions {
  readonly root?: string;
  readonly verify?: boolean;
}

/** Opens a `.pth` of torch >= 1.6: a zip archive of `NAME/data.pkl` and `NAME/data/KEY`, one file per storage. */
export async function openTorchZip(source: ByteSource, options: OpenTorchOptions): Promise<Checkpoint> {
  const files = await readZipDirectory(source);
  const prefix = findPrefix(files);
  const offsets = new Map<string, number>();
  const locate = async (entry: ZipEntry): Promise<number> => {
    const known = offsets.get(entry.name);
    if (known !== undefined) return known;
    const offset = await zipDataOffset(source, entry);
    offsets.set(entry.name, offset);
    return offset;
  };
  const checkCrc = (entry: ZipEntry, actual: number): void => {
    if (options.verify === false || actual === entry.crc32) return;
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] the checksum of ${quoteName(entry.name)} is wrong. Got CRC-32 ${actual.toString(16)}. ` +
        `Expected ${entry.crc32.toString(16)}. The file is damaged: download it again. (Files saved with torch's checksums ` +
        "switched off open with { verify: false }.)",
    );
  };
  const readFile = async (entry: ZipEntry): Promise<Uint8Array> => {
    const bytes = await readExactly(source, await locate(entry), entry.size, quoteName(entry.name));
    checkCrc(entry, crc32(bytes));
    return bytes;
  };

  await checkByteOrder(files.get(`${prefix}byteorder`), readFile);
  const pickle = files.get(`${prefix}data.pkl`) as ZipEntry;
  if (pickle.size > MAX_PICKLE_BYTES) {
    throw new CheckpointError(
      "limit",
      `[openCheckpoint] data.pkl is too large. Got ${pickle.size} bytes. Expected at most ${MAX_PICKLE_BYTES}.`,
    );
  }
  const bytes = await readFile(pickle);
  const budget = new MemoryBudget(bytes.length);
  const { value } = unpickle(bytes, 0, {
    budget,
    persistentLoad: (id) => checkedStorage(persistentStorage(id, "torch-zip"), files, prefix),
  });

  const entryOf = (storage: StorageRef): ZipEntry => files.get(`${prefix}data/${storage.key}`) as ZipEntry;
  const verified = new Map<string, Promise<void>>();
  const verifyWhole = async (entry: ZipEntry): Promise<void> => {
    let crc = 0;
    const what = quoteName(entry.name);
    await scan(source, await locate(entry), entry.size, what, (piece) => {
      crc = crc32(piece, crc);
    });
    checkCrc(entry, crc);
  };
  const storages: StorageReader = {
    locate: (storage) => locate(entryOf(storage)),
    async verify(storage, content) {
      if (options.verify === false) return;
      const entry = entryOf(storage);
      if (content) return checkCrc(entry, crc32(content));
      // Several views of one storage: it is scanned once.
      let check = verified.get(entry.name);
      if (check === undefined) {
        check = verifyWhole(entry);
        verified.set(entry.name, check);
      }
      return check;
    },
  };
  return torchCheckpoint("torch-zip", source, flattenStateDict(value, options.root, budget), storages);
}

/** "NAME/", the folder that torch puts everything in. */
function findPrefix(files: ReadonlyMap<string, ZipEntry>): string {
  const pickles = [...files.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const prefix = pickles[0]?.slice(0, -"data.pkl".length);
  if (prefix === undefined || pickles.length > 1) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] the zip archive is no torch checkpoint. Got ${files.size} files, ${pickles.length} of them NAME/data.pkl. ` +
        "Expected exactly one, as torch.save writes it. Unpack the archive if the checkpoint is inside.",
    );
  }
  if (files.has(`${prefix}constants.pkl`)) {
    throw new CheckpointError(
      "unsupported",
      "[openCheckpoint] the file is a TorchScript archive, which holds code. Expected a state dict: " +
        "save torch.jit.load(path).state_dict() with torch.save.",
    );
  }
  return prefix;
}

async function checkByteOrder(
  entry: ZipEntry | undefined,
  readFile: (entry: ZipEntry) => Promise<Uint8Array>,
): Promise<void> {
  if (entry === undefined) return;
  if (entry.size > 16) throw new CheckpointError("corrupt", "[openCheckpoint] the byteorder record is too long.");
  const order = new TextDecoder().decode(await readFile(entry)).trim();
  if (order !== "little") {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] the checkpoint was saved on another kind of machine. Got byte order ${quoteName(order)}. ` +
        'Expected "little". Load and save it again on a little-endian machine.',
    );
  }
}

function checkedStorage(storage: StorageRef, files: ReadonlyMap<string, ZipEntry>, prefix: string): StorageRef {
  const entry = files.get(`${prefix}data/${storage.key}`);
  const expected = storage.rootCount * DTYPES[storage.dtype].bytes;
  if (entry === undefined || entry.size !== expected) {
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] a storage does not match its record. Got ${entry === undefined ? "no record" : `${entry.size} bytes`} for ` +
        `${quoteName(storage.key)}. Expected ${expected} bytes (${storage.rootCount} of ${storage.dtype}).`,
    );
  }
  return storage;
}
