import { type FileHandle, open } from "node:fs/promises";
import type { ByteSource } from "@ama-sam/checkpoint";
import { CommandError } from "../errors";

/** Opens a file for reading by range, hands it to `use`, and closes it. */
export async function withFile<T>(
  path: string,
  use: (source: ByteSource, handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path, "r");
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw new CommandError(`${path}: this is a folder. Expected a file`);
    return await use(fileSource(handle, found.size), handle);
  } finally {
    await handle.close();
  }
}

/** A file handle as what `@ama-sam/checkpoint` reads from. */
export function fileSource(handle: FileHandle, size: number): ByteSource {
  const fill = async (offset: number, target: Uint8Array): Promise<void> => {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await handle.read(target, at, target.length - at, offset + at);
      if (bytesRead === 0) throw new Error(`the file ended at ${offset + at} of ${size} bytes while it was read`);
      at += bytesRead;
    }
  };
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      await fill(offset, bytes);
      return bytes;
    },
    readInto: fill,
  };
}
