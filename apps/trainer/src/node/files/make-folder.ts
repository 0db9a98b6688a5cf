import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError, EXIT } from "../errors";

/**
 * Makes a folder and those above it. Node's own `recursive` calls a read-only file system a missing folder, and never returns where a
 * folder cannot be made although its parent is there (such as in `/proc`).
 *
 * @throws CommandError where a part of the path is a file, or no folder can be made; the system's own error for rights and space
 */
export async function makeFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return;
  if (found) throw new CommandError(`${path}: this is a file, so no folder can be made of it`);
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  await mkdir(path).catch((cause: NodeJS.ErrnoException) => {
    // Another process was faster.
    if (cause.code === "EEXIST") return;
    if (cause.code !== "ENOENT") throw cause;
    throw new CommandError(`${path}: no folder can be made in ${parent}`, {
      hint: "Choose another place.",
      exitCode: EXIT.failure,
      cause,
    });
  });
}
