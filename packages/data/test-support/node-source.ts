import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileSource } from "../src/source/file-source";

/** A folder on disk as a source, for tests; the trainer app has its own. */
export function nodeSource(root: string): FileSource {
  return {
    list: async () =>
      readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/")),
    read: async (path) => new Uint8Array(readFileSync(`${root}/${path}`)),
  };
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** A folder of the repository, such as `examples/data`. */
export const repositoryPath = (path: string): string => `${repository}${path}`;

/** Real pixels in the published layouts, beside the repository; not everywhere. */
export const layoutsRoot = `${repository}../shared/data/layouts`;
export const layoutsPresent = existsSync(layoutsRoot);
