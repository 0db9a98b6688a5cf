import { AmaSamError } from "../errors";

/**
 * Where a run keeps its files. Paths are relative with forward slashes.
 *
 * `write` is atomic: a reader, or a process that comes after a crash, finds the old bytes or the new ones, never a part.
 * On a disk: write beside the target, sync, rename, sync the folder.
 */
export interface RunStorage {
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Rejects where there is no such file. */
  read(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** Every file below a folder, as paths from the root, sorted; empty for an unknown folder. */
  list(folder: string): Promise<string[]>;
  /** Removes a file, or a folder with everything in it; a missing one is fine. */
  remove(path: string): Promise<void>;
  /** Adds to the end of a file, which it makes where needed. */
  append(path: string, bytes: Uint8Array): Promise<void>;
}

/** A {@link RunStorage} in memory: for tests and for pages without a file system. */
export function memoryStorage(files: Map<string, Uint8Array> = new Map()): RunStorage {
  return {
    write: async (path, bytes) => void files.set(path, bytes.slice()),
    read: async (path) => {
      const found = files.get(path);
      if (!found)
        throw new AmaSamError("memoryStorage", `no such file. Got ${path}. Expected one of ${files.size} files.`);
      return found.slice();
    },
    exists: async (path) => files.has(path),
    list: async (folder) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort(),
    remove: async (path) => {
      for (const file of [...files.keys()]) if (file === path || file.startsWith(`${path}/`)) files.delete(file);
    },
    append: async (path, bytes) => {
      const before = files.get(path) ?? new Uint8Array(0);
      const after = new Uint8Array(before.length + bytes.length);
      after.set(before);
      after.set(bytes, before.length);
      files.set(path, after);
    },
  };
}
