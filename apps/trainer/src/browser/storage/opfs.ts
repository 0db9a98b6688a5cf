import type { RunStorage } from "ama-sam";
import { TroubleError } from "../engine/failures";

/** Part of the worker's API that the page's own types leave out. */
export interface SyncAccessHandle {
  write(data: ArrayBufferView, options?: { at?: number }): number;
  getSize(): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

type SyncFile = FileSystemFileHandle & {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  move?: (name: string) => Promise<void>;
};

/**
 * The browser's private folder for this page.
 * @throws TroubleError (`storage-refused`) in private windows and where site data are blocked
 */
export async function privateFolder(): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (cause) {
    throw new TroubleError("storage-refused", "This browser gives the page no storage.", { cause });
  }
}

const TEMPORARY = ".part";

/** Opens a file for writing in place; only workers may. */
export async function syncAccess(file: FileSystemFileHandle): Promise<SyncAccessHandle> {
  return (file as SyncFile).createSyncAccessHandle();
}

/** A {@link RunStorage} in a folder of the browser's private file system. */
export class OpfsStorage implements RunStorage {
  readonly #root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  /** The storage below a path of the private folder, made where it is missing. */
  static async open(path: string): Promise<OpfsStorage> {
    let at = await privateFolder();
    for (const part of path.split("/")) at = await at.getDirectoryHandle(part, { create: true });
    return new OpfsStorage(at);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const [folder, name] = await this.#locate(path, true);
    const file = (await folder.getFileHandle(`${name}${TEMPORARY}`, { create: true })) as SyncFile;
    const access = await file.createSyncAccessHandle();
    try {
      access.truncate(0);
      if (access.write(bytes, { at: 0 }) !== bytes.length)
        throw new DOMException("the storage is full", "QuotaExceededError");
      access.flush();
    } finally {
      access.close();
    }
    // The old file or the new one, never a part: moving replaces in one step.
    if (file.move) await file.move(name);
    else await this.#copyOver(folder, file, name);
  }

  async read(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.file(path)).arrayBuffer());
  }

  /** The file itself, of which nothing is read yet. */
  async file(path: string): Promise<File> {
    const [folder, name] = await this.#locate(path, false);
    return (await folder.getFileHandle(name)).getFile();
  }

  async exists(path: string): Promise<boolean> {
    return this.file(path).then(
      () => true,
      () => false,
    );
  }

  async list(folder: string): Promise<string[]> {
    const found: string[] = [];
    const walk = async (handle: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
      for await (const [name, entry] of handle.entries()) {
        const path = prefix === "" ? name : `${prefix}/${name}`;
        if (entry.kind === "directory") await walk(entry as FileSystemDirectoryHandle, path);
        else if (!name.endsWith(TEMPORARY)) found.push(path);
      }
    };
    const start = await this.#folder(folder, false).catch(() => null);
    if (start) await walk(start, folder);
    return found.sort();
  }

  async remove(path: string): Promise<void> {
    try {
      const [folder, name] = await this.#locate(path, false);
      await folder.removeEntry(name, { recursive: true });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
    }
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const [folder, name] = await this.#locate(path, true);
    const access = await syncAccess(await folder.getFileHandle(name, { create: true }));
    try {
      access.write(bytes, { at: access.getSize() });
      access.flush();
    } finally {
      access.close();
    }
  }

  async #folder(path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let at = this.#root;
    for (const part of path.split("/").filter(Boolean)) at = await at.getDirectoryHandle(part, { create });
    return at;
  }

  async #locate(path: string, create: boolean): Promise<[FileSystemDirectoryHandle, string]> {
    const parts = path.split("/");
    return [await this.#folder(parts.slice(0, -1).join("/"), create), parts.at(-1)!];
  }

  async #copyOver(folder: FileSystemDirectoryHandle, from: FileSystemFileHandle, name: string): Promise<void> {
    const bytes = new Uint8Array(await (await from.getFile()).arrayBuffer());
    const access = await syncAccess(await folder.getFileHandle(name, { create: true }));
    try {
      access.truncate(0);
      access.write(bytes, { at: 0 });
      access.flush();
    } finally {
      access.close();
    }
    await folder.removeEntry(from.name);
  }
}
