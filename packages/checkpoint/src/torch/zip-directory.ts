import { type ByteSource, readExactly } from "../byte-source";
import { CheckpointError, quoteName } from "../errors";

/** One stored (uncompressed) file of a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Offset of its local header. */
  readonly headerOffset: number;
  readonly size: number;
  readonly crc32: number;
}

const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
/** 0.1 million entries; ViT-H has 595. */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

function corrupt(problem: string): never {
  throw new CheckpointError(
    "corrupt",
    `[openCheckpoint] the .pth file is not a valid zip archive: ${problem}. Download or copy it again.`,
  );
}

/** Multi-byte fields of a record, little-endian; 64-bit values must stay below 2^53. */
class Fields {
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }
  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
  u64(at: number): number {
    const value = Number(this.#view.getBigUint64(at, true));
    return Number.isSafeInteger(value) ? value : corrupt("a 64-bit size or offset overflows");
  }
}

interface DirectoryPlace {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

/** Finds the end-of-central-directory record: the last one whose comment reaches exactly to the end of the file. */
async function findDirectory(source: ByteSource): Promise<DirectoryPlace> {
  const tailBytes = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tailStart = source.size - tailBytes;
  const tail = new Fields(await readExactly(source, tailStart, tailBytes, "the end of the zip archive"));
  let at = tailBytes - END_BYTES;
  while (at >= 0 && !(tail.u32(at) === 0x06054b50 && at + END_BYTES + tail.u16(at + 20) === tailBytes)) at--;
  if (at < 0) {
    throw new CheckpointError(
      "truncated",
      `[openCheckpoint] the .pth file has no zip directory at its end. Got ${source.size} bytes that begin like a zip archive. ` +
        "Expected a complete file: the download was probably cut off. Download it again.",
    );
  }
  const end = tailStart + at;
  if (tail.u16(at + 4) !== 0 || tail.u16(at + 6) !== 0) corrupt("it is one volume of several");
  const place = { count: tail.u16(at + 10), size: tail.u32(at + 12), offset: tail.u32(at + 16) };
  const needs64 = place.count === 0xffff || place.size === 0xffffffff || place.offset === 0xffffffff;
  const found = needs64 ? await findDirectory64(source, end) : place;
  if (found.offset + found.size > end) corrupt("its directory reaches beyond its end");
  if (found.size > MAX_DIRECTORY_BYTES) corrupt(`its directory of ${found.size} bytes is too large`);
  return found;
}

/** ZIP64, for archives of 4 GiB or 65,535 entries and more: a locator just before the end record points at the real one. */
async function findDirectory64(source: ByteSource, end: number): Promise<DirectoryPlace> {
  if (end < 20) corrupt("its ZIP64 locator is missing");
  const locator = new Fields(await readExactly(source, end - 20, 20, "the ZIP64 locator"));
  if (locator.u32(0) !== 0x07064b50) corrupt("its ZIP64 locator is missing");
  const record = new Fields(await readExactly(source, locator.u64(8), 56, "the ZIP64 end record"));
  if (record.u32(0) !== 0x06064b50) corrupt("its ZIP64 end record is missing");
  return { count: record.u64(32), size: record.u64(40), offset: record.u64(48) };
}

/** Sizes and offset of a directory entry whose 32-bit fields may point into its ZIP64 extra field. */
function sizes(record: Fields, extraAt: number, extraEnd: number): { packed: number; size: number; offset: number } {
  const values = { packed: record.u32(20), size: record.u32(24), offset: record.u32(42) };
  if (values.packed !== 0xffffffff && values.size !== 0xffffffff && values.offset !== 0xffffffff) return values;
  for (let at = extraAt; at + 4 <= extraEnd; ) {
    const length = record.u16(at + 2);
    let field = at + 4;
    const stop = field + length;
    if (stop > extraEnd) break;
    if (record.u16(at) === 1) {
      // Only the fields that overflowed are present, in this order.
      for (const key of ["size", "packed", "offset"] as const) {
        if (values[key] !== 0xffffffff) continue;
        if (field + 8 > stop) corrupt("a ZIP64 extra field is too short");
        values[key] = record.u64(field);
        field += 8;
      }
      return values;
    }
    at = stop;
  }
  return corrupt("a ZIP64 extra field is missing");
}

/**
 * The files of a zip archive as torch writes it: stored, not compressed. Throws `unsupported` for encrypted or compressed
 * entries, `corrupt` for everything that contradicts itself (duplicate names, overlapping entries, wrong counts).
 */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const place = await findDirectory(source);
  const bytes = await readExactly(source, place.offset, place.size, "the zip directory");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let n = 0; n < place.count; n++) {
    if (at + 46 > bytes.length) corrupt(`its directory has fewer than the ${place.count} entries that it claims`);
    const head = new Fields(bytes.subarray(at));
    if (head.u32(0) !== 0x02014b50) corrupt("a directory entry has no signature");
    const nameEnd = 46 + head.u16(28);
    const extraEnd = nameEnd + head.u16(30);
    const next = extraEnd + head.u16(32);
    if (at + next > bytes.length) corrupt("a directory entry is cut off");
    let name: string;
    try {
      name = text.decode(head.bytes.subarray(46, nameEnd));
    } catch {
      return corrupt("a file name is not valid UTF-8");
    }
    refuseUnreadable(name, head.u16(8), head.u16(10));
    const { packed, size, offset } = sizes(head, nameEnd, extraEnd);
    if (packed !== size) corrupt(`${quoteName(name)} is stored, but its two sizes differ (${packed} and ${size})`);
    if (entries.has(name)) corrupt(`${quoteName(name)} comes twice`);
    entries.set(name, { name, headerOffset: offset, size, crc32: head.u32(16) });
    at += next;
  }
  if (at !== bytes.length) corrupt("its directory is longer than its entries");
  checkOverlap([...entries.values()], place.offset);
  return entries;
}

function refuseUnreadable(name: string, flags: number, method: number): void {
  if ((flags & 0x2041) !== 0) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] ${quoteName(name)} in the .pth file is encrypted. Expected a file as torch.save wrote it. Decrypt it first.`,
    );
  }
  if (method !== 0) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] ${quoteName(name)} in the .pth file is compressed. Got method ${method}${method === 8 ? " (deflate)" : ""}. ` +
        "Expected 0 (stored), as torch.save writes it: the archive was packed again by another tool. Use the original file.",
    );
  }
}

/** No two entries may share bytes: that is how a small archive claims a large content. */
function checkOverlap(entries: ZipEntry[], directoryOffset: number): void {
  entries.sort((a, b) => a.headerOffset - b.headerOffset);
  let free = 0;
  for (const { name, headerOffset, size } of entries) {
    if (headerOffset < free) corrupt(`${quoteName(name)} overlaps another entry`);
    free = headerOffset + 30 + size;
    if (free > directoryOffset) corrupt(`${quoteName(name)} reaches into the directory`);
  }
}

/** Where an entry's data begins; its local header must agree with the directory. */
export async function zipDataOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  const what = `the zip entry ${quoteName(entry.name)}`;
  const head = new Fields(await readExactly(source, entry.headerOffset, 30, what));
  if (head.u32(0) !== 0x04034b50) corrupt(`the local header of ${quoteName(entry.name)} is missing`);
  const name = new TextEncoder().encode(entry.name);
  const stored = await readExactly(source, entry.headerOffset + 30, head.u16(26), what);
  if (stored.length !== name.length || !stored.every((byte, i) => byte === name[i])) {
    corrupt(`the local header of ${quoteName(entry.name)} has another name`);
  }
  return entry.headerOffset + 30 + head.u16(26) + head.u16(28);
}
