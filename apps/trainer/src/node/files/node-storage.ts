import { appendFile, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunStorage } from "ama-sam";
import { CommandError } from "../errors";
import { reach } from "../faults";
import { isTemporary, removeOrphans, syncFolder, writeAtomic } from "./atomic-write";
import { makeFolder } from "./make-folder";
import { isLock, RunLock } from "./run-lock";

/** How a run folder is opened. */
export interface OpenFolderOptions {
  /** Go on with a run that is there. */
  resume?: boolean;
  /** Remove what is there. */
  overwrite?: boolean;
  /** What it is for: an evaluation never takes the place of a training run. Default: a run. */
  holds?: "run" | "evaluation";
  /** The lock on the folder that the caller holds. */
  lock?: RunLock;
  /** Told what is waited for, see {@link RunLock.take}. */
  say?: (text: string) => void;
}

/** Files that only a run, an evaluation, a study or a prediction leaves. */
const RUN_FILES = ["per-image.csv", "ablation.json", "predictions.json", "config.yaml"];
/** What only training leaves: hours of it cannot be had again. */
const TRAINED_FILES = ["model.safetensors", "checkpoints", "metrics.csv", "splits.json"];

/** A run folder on disk: writes are atomic and durable (temporary file beside the target, sync, rename, sync the folder). */
export class NodeStorage implements RunStorage {
  /** Absolute path of the folder. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** A folder that need not be there yet: nothing is read or made. */
  static at(root: string): NodeStorage {
    return new NodeStorage(root);
  }

  /**
   * Opens or makes a folder, and removes the temporary files that a killed process left.
   *
   * @throws CommandError as {@link check}
   */
  static async open(root: string, options: OpenFolderOptions = {}): Promise<NodeStorage> {
    const entries = await NodeStorage.check(root, options);
    if (!options.resume && entries.length > 0) {
      // What makes it a run goes last: killed in between, it can still be thrown away.
      const inOrder = [...entries.filter((name) => !RUN_FILES.includes(name)), ...RUN_FILES];
      for (const name of inOrder) await rm(join(root, name), { recursive: true, force: true });
    }
    await makeFolder(root);
    await removeOrphans(root);
    return new NodeStorage(root);
  }

  /**
   * Whether {@link open} would open a folder; changes nothing.
   *
   * @returns the names of what is in the folder
   * @throws CommandError for a folder that is not empty (without `resume` or `overwrite`), for a file, for a run to resume that is not
   *   there, for a training run where an evaluation is to go, for a folder that another process trains into (without `lock`)
   */
  static async check(
    root: string,
    { resume = false, overwrite = false, holds = "run", lock, say }: OpenFolderOptions = {},
  ): Promise<string[]> {
    const found = await stat(root).catch(() => null);
    if (found && !found.isDirectory()) throw new CommandError(`${root}: this is a file. Expected a folder for the run`);
    // Before all else: that the folder is not empty is no news to who started the same run twice.
    if (found && !lock) await RunLock.refuseWritten(root, say);
    const entries = found ? (await readdir(root)).filter((name) => !isTemporary(name) && !isLock(name)) : [];
    if (resume && entries.length === 0)
      throw new CommandError(`${root}: no run to resume here`, { hint: "Start it without --resume." });
    if (resume || entries.length === 0) return entries;
    if (holds === "evaluation" && entries.some((name) => TRAINED_FILES.includes(name)))
      throw new CommandError(`${root}: this folder holds a training run, which an evaluation does not replace`, {
        hint: "Choose another --out.",
      });
    if (!overwrite)
      throw new CommandError(`${root}: this folder is not empty`, {
        hint:
          holds === "evaluation"
            ? "Use --overwrite to replace the evaluation in it, or another --out."
            : "Use --resume to go on with the run in it, --overwrite to throw it away, or another --out.",
      });
    // Only a run may be thrown away: `--overwrite --out ~` must not empty a home folder.
    if (!entries.some((name) => RUN_FILES.includes(name)))
      throw new CommandError(`${root}: this folder holds no run, so --overwrite does not empty it`, {
        hint: "Choose another --out, or empty the folder yourself.",
      });
    return entries;
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
