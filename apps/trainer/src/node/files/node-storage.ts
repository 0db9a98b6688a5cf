import { appendFile, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunStorage } from "ama-sam";
import { CommandError } from "../errors";
import { reach } from "../faults";
import { isTemporary, removeOrphans, syncFolder, writeAtomic } from "./atomic-write";
import { makeFolder } from "./make-folder";

/** How a run folder is opened. */
export interface OpenFolderOptions {
  /** Go on with a run that is there. */
  resume?: boolean;
  /** Remove what is there. */
  overwrite?: boolean;
}

/** Files that only a run, an evaluation, a study or a prediction leaves. */
const RUN_FILES = ["per-image.csv", "ablation.json", "predictions.json", "config.yaml"];

/** A run folder on disk: writes are atomic and durable (temporary file beside the target, sync, rename, sync the folder). */
export class NodeStorage implements RunStorage {
  /** Absolute path of the folder. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /**
   * Opens or makes a folder, and removes the temporary files that a killed process left.
   *
   * @throws CommandError for a folder that is not empty (without `resume` or `overwrite`), for a file, for a run to resume that is not there
   */
  static async open(root: string, { resume = false, overwrite = false }: OpenFolderOptions = {}): Promise<NodeStorage> {
    const found = await stat(root).catch(() => null);
    if (found && !found.isDirectory()) throw new CommandError(`${root}: this is a file. Expected a folder for the run`);
    const entries = found ? (await readdir(root)).filter((name) => !isTemporary(name)) : [];
    if (resume && entries.length === 0)
      throw new CommandError(`${root}: no run to resume here`, { hint: "Start it without --resume." });
    if (!resume && entries.length > 0) {
      if (!overwrite)
        throw new CommandError(`${root}: this folder is not empty`, {
          hint: "Use --resume to go on with the run in it, --overwrite to throw it away, or another --out.",
        });
      // Only a run may be thrown away: `--overwrite --out ~` must not empty a home folder.
      const isRun = entries.some((name) => RUN_FILES.includes(name));
      if (!isRun)
        throw new CommandError(`${root}: this folder holds no run, so --overwrite does not empty it`, {
          hint: "Choose another --out, or empty the folder yourself.",
        });
      // What makes it a run goes last: killed in between, it can still be thrown away.
      const inOrder = [...entries.filter((name) => !RUN_FILES.includes(name)), ...RUN_FILES];
      for (const name of inOrder) await rm(join(root, name), { recursive: true, force: true });
    }
    await makeFolder(root);
    await removeOrphans(root);
    return new NodeStorage(root);
  }

  /** Opens a folder that is there for reading. */
  static async existing(root: string): Promise<NodeStorage> {
    const found = await stat(root).catch(() => null);
    if (!found) throw new CommandError(`${root}: no such folder`);
    if (!found.isDirectory()) throw new CommandError(`${root}: this is a file. Expected the folder of a run`);
    return new NodeStorage(root);
  }

  path(path: string): string {
    return join(this.root, path);
  }

  async write(path: string, content: Uint8Array | string): Promise<void> {
    await writeAtomic(this.path(path), content);
  }

  async read(path: string): Promise<Uint8Array> {
    return readFile(this.path(path));
  }

  async exists(path: string): Promise<boolean> {
    return (await stat(this.path(path)).catch(() => null)) !== null;
  }

  async list(folder: string): Promise<string[]> {
    const paths: string[] = [];
    const walk = async (relative: string): Promise<void> => {
      const entries = await readdir(this.path(relative), { withFileTypes: true }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
          throw error;
        },
      );
      for (const entry of entries) {
        const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
        if (entry.isDirectory()) await walk(path);
        else if (!isTemporary(entry.name)) paths.push(path);
      }
    };
    await walk(folder);
    return paths.sort();
  }

  async remove(path: string): Promise<void> {
    const full = this.path(path);
    reach(`remove:${full}`);
    await rm(full, { recursive: true, force: true });
    await syncFolder(dirname(full));
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    await makeFolder(dirname(this.path(path)));
    await appendFile(this.path(path), bytes);
  }
}
