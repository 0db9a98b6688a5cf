import { DataError } from "../errors";
import { comparePaths, isJunkPath } from "./paths";

/**
 * Where files come from: a folder in Node, files picked in a browser, an archive, memory.
 *
 * Paths are relative, with forward slashes, without a leading `./`. `read` gives the whole file and rejects when the path is unknown.
 */
export interface FileSource {
  list(): Promise<string[]>;
  read(path: string): Promise<Uint8Array>;
}

/** The part of a browser `File` that is used: no DOM type is needed to build one. */
export interface FileLike {
  readonly name: string;
  /** Set by folder inputs (`<input webkitdirectory>`): the path below the picked folder, that folder included. */
  readonly webkitRelativePath?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

function cleanPath(path: string): string {
  const parts = path
    .replace(/\\/g, "/")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.length === 0) {
    throw new DataError(
      "bad-argument",
      `[FileSource] a path must stay inside the source. Got "${path}". Expected a relative path.`,
    );
  }
  return parts.join("/");
}

function mapSource<T>(files: Map<string, T>, readOne: (file: T) => Promise<Uint8Array>): FileSource {
  return {
    list: async () => [...files.keys()].sort(comparePaths),
    read: async (path) => {
      const file = files.get(path);
      if (file === undefined) {
        throw new DataError(
          "missing-file",
          `[FileSource.read] no such file. Got "${path}". Expected one of ${files.size} listed paths.`,
          {
            path,
          },
        );
      }
      return readOne(file);
    },
  };
}

/**
 * A source over bytes in memory, for tests, archives and workers.
 *
 * @param files relative path -> content; a plain object or a Map.
 */
export function memorySource(
  files: ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>,
): FileSource {
  const entries = files instanceof Map ? files.entries() : Object.entries(files);
  return mapSource(
    new Map([...entries].map(([path, bytes]) => [cleanPath(path), bytes as Uint8Array])),
    async (bytes) => bytes,
  );
}

/**
 * A source over files that a user picked or dropped in a browser; the folder structure is kept where the browser gives it.
 *
 * @param files an array or FileList of `File`-like objects; nothing is read before `read` is called.
 */
export function fileListSource(files: ArrayLike<FileLike> | Iterable<FileLike>): FileSource {
  const all = Array.from(files as ArrayLike<FileLike>);
  const map = new Map(all.map((file) => [cleanPath(file.webkitRelativePath || file.name), file]));
  return mapSource(map, async (file) => new Uint8Array(await file.arrayBuffer()));
}

/** The same files seen from one of their folders: `subSource(s, "train")` lists `a.png` for `train/a.png`. */
export function subSource(source: FileSource, folder: string): FileSource {
  const prefix = `${cleanPath(folder)}/`;
  return {
    list: async () =>
      (await source.list()).filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length)),
    read: (path) => source.read(prefix + path),
  };
}

/** The source's paths without junk files, sorted, so that nothing depends on the order in which a disk lists them. */
export async function listClean(source: FileSource): Promise<string[]> {
  return (await source.list()).filter((path) => !isJunkPath(path)).sort(comparePaths);
}
