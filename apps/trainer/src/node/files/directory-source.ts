import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileSource } from "@ama-sam/data";
import { DataError } from "@ama-sam/data";
import { CommandError } from "../errors";

/**
 * The files of a folder for `@ama-sam/data`. Links to folders are followed once, so a link to a parent ends.
 *
 * @throws CommandError when the folder is missing or is a file
 */
export async function directorySource(root: string): Promise<FileSource> {
  const found = await stat(root).catch(() => undefined);
  if (!found) throw new CommandError(`${root}: no such folder`, { hint: "Check the path to the data set." });
  if (!found.isDirectory()) throw new CommandError(`${root}: this is a file. Expected the folder of a data set`);
  let listed: Promise<string[]> | undefined;
  return {
    list: () => (listed ??= listFiles(root)),
    read: async (path) => {
      if (path.startsWith("/") || path.split("/").includes(".."))
        throw new DataError("bad-argument", `[directorySource] a path must stay inside the folder. Got "${path}".`, {
          path,
        });
      try {
        return await readFile(join(root, path));
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "EISDIR" && code !== "ENOTDIR") throw cause;
        throw new DataError("missing-file", `[directorySource] no such file. Got "${path}" in ${root}.`, {
          path,
          cause,
        });
      }
    },
  };
}

async function listFiles(root: string): Promise<string[]> {
  const paths: string[] = [];
  const seen = new Set<string>();
  const walk = async (folder: string, prefix: string): Promise<void> => {
    const { dev, ino } = await stat(folder);
    if (seen.has(`${dev}:${ino}`)) return;
    seen.add(`${dev}:${ino}`);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      let [file, directory] = [entry.isFile(), entry.isDirectory()];
      if (entry.isSymbolicLink()) {
        const target = await stat(path).catch(() => undefined);
        [file, directory] = [target?.isFile() ?? false, target?.isDirectory() ?? false];
      }
      if (directory) await walk(path, `${prefix}${entry.name}/`);
      else if (file) paths.push(prefix + entry.name);
    }
  };
  await walk(root, "");
  return paths.sort();
}
