import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { reach } from "../faults";
import { makeFolder } from "./make-folder";

/** Bytes to write: whole, or in pieces that are made while they are written. */
export type Content = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array | string>;

/** Names of temporary files: `.NAME.HEX.tmp`, beside their target so that the rename stays on one file system. */
const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** Stages of {@link writeAtomic}, as the points `write:STAGE:PATH` of `faults.ts`. */
export type WriteStage = "begin" | "opened" | "half" | "written" | "synced" | "renamed" | "done";

const at = (stage: WriteStage, path: string): void => reach(`write:${stage}:${path}`);

/**
 * Writes a file so that a reader, or a crash at any moment, sees the old content or the new one, never a part: a temporary file
 * beside the target, synced, renamed, the folder synced. Folders on the way are made.
 *
 * @throws CommandError where a folder on the way cannot be made; the system's own error for everything else
 */
export async function writeAtomic(path: string, content: Content): Promise<void> {
  const folder = dirname(path);
  at("begin", path);
  await makeFolder(folder);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  const handle = await open(temporary, "wx");
  try {
    try {
      at("opened", path);
      await writeAll(handle, content, path);
      at("written", path);
      await handle.sync();
      at("synced", path);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    at("renamed", path);
  } catch (error) {
    if (!isSimulatedCrash(error)) await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
  at("done", path);
}

/** A test's crash: nothing may be tidied up after it. */
export class SimulatedCrash extends Error {}

const isSimulatedCrash = (error: unknown): boolean => error instanceof SimulatedCrash;

async function writeAll(handle: FileHandle, content: Content, path: string): Promise<void> {
  if (typeof content === "string" || content instanceof Uint8Array) {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const half = bytes.length >> 1;
    await writeFully(handle, bytes.subarray(0, half));
    at("half", path);
    await writeFully(handle, bytes.subarray(half));
    return;
  }
  let first = true;
  for await (const piece of content) {
    await writeFully(handle, typeof piece === "string" ? Buffer.from(piece) : piece);
    if (first) at("half", path);
    first = false;
  }
}

/** A full disk may take a part of the bytes and say so only by their number. */
async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** Makes a rename durable. Windows and some network file systems cannot sync a folder; the file itself is synced anyway. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, "r");
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "EPERM", "EISDIR", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes what crashed writes left in a folder and the folders below it; files younger than `minAgeMs` may still be written. */
export async function removeOrphans(folder: string, minAgeMs = 0): Promise<string[]> {
  const removed: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removed.push(...(await removeOrphans(path, minAgeMs)));
    else if (TEMPORARY.test(entry.name)) {
      const { mtimeMs } = await stat(path);
      // The clock's milliseconds are whole, a file's are not: one made just now can seem to come from the future.
      if (minAgeMs > 0 && Date.now() - mtimeMs < minAgeMs) continue;
      await rm(path, { force: true });
      removed.push(path);
    }
  }
  return removed;
}

/** Whether a folder entry is a temporary file of {@link writeAtomic}. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(basename(name));
}
