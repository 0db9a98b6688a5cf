import { openCheckpoint, sha256, writeSafetensors } from "@ama-sam/checkpoint";
import { AmaSamError } from "../errors";
import type { LearnerState, SavedTensor } from "./learner";
import type { RunStorage } from "./storage";
import { type Progress, progressVersion, type SafeState, type TrainerState } from "./trainer-state";

/** Options of {@link Checkpoints}. */
export interface CheckpointsOptions {
  /** Folder in the storage. Default `checkpoints`. */
  folder?: string;
  /** Checkpoints kept besides the best one. Default 2. */
  keep?: number;
  /** Written into the header of every `model.safetensors`. */
  metadata?: Record<string, string>;
}

/** A checkpoint that was written and read back. */
export interface WrittenCheckpoint {
  path: string;
  bytes: number;
}

/** What {@link Checkpoints.save} may be told. */
export interface SaveCheckpointOptions {
  /** Move `best` to this checkpoint. */
  best?: boolean;
  /** Where three bad steps in a row go back to: this checkpoint (default), another one's path, or null for the first weights. */
  safe?: string | null;
}

/** A checkpoint that was read. */
export interface LoadedCheckpoint extends TrainerState {
  path: string;
  /** What is kept, but cannot be read. */
  damaged: string[];
  /** Weights to which bad steps go back; null for those that the run began with. */
  safe: SafeState | null;
}

/** `state.json`: written last, so that a folder with it is complete. */
interface Manifest {
  progress: Progress;
  updates: number;
  files: Record<string, { bytes: number; sha256: string }>;
  /** Name of the folder to which bad steps go back, null for the first weights; absent: this one. */
  safe?: string | null;
}

const WEIGHTS = "model.safetensors";
const MOMENTS = "optimiser.safetensors";
const STATE = "state.json";
const encode = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/**
 * Checkpoints of a run: `step-N/{model.safetensors, optimiser.safetensors, state.json}`, and `last.json` and `best.json`
 * that name one each.
 *
 * Each names the one that three bad steps in a row go back to, which is kept as long as it is named.
 * A new checkpoint is read back and its hashes compared before `last.json` moves to it, and only then older ones are removed: at
 * every moment, `last` is complete.
 */
export class Checkpoints {
  readonly #storage: RunStorage;
  readonly #folder: string;
  readonly #keep: number;
  readonly #metadata: Record<string, string>;

  constructor(storage: RunStorage, options: CheckpointsOptions = {}) {
    this.#storage = storage;
    this.#folder = options.folder ?? "checkpoints";
    this.#keep = options.keep ?? 2;
    this.#metadata = options.metadata ?? {};
  }

  /**
   * Writes a state, proves it readable, moves `last` (and `best`) to it.
   * @throws AmaSamError when it cannot be written or comes back different; what was there before stays
   */
  async save(state: TrainerState, { best = false, safe }: SaveCheckpointOptions = {}): Promise<WrittenCheckpoint> {
    const { progress, learner } = state;
    const path = await this.#free(`step-${String(progress.step).padStart(8, "0")}`);
    const files = new Map([
      [WEIGHTS, writeSafetensors(learner.weights, this.#metadata)],
      [MOMENTS, writeSafetensors(learner.moments)],
    ]);
    const manifest: Manifest = {
      progress,
      updates: learner.updates,
      files: {},
      ...(safe !== undefined && { safe: safe?.slice(this.#folder.length + 1) ?? null }),
    };
    for (const [name, bytes] of files) manifest.files[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
    files.set(STATE, encode(manifest));
    try {
      for (const [name, bytes] of files) await this.#storage.write(`${path}/${name}`, bytes);
      for (const [name, bytes] of files) {
        const back = await sha256(await this.#storage.read(`${path}/${name}`));
        if (back !== (manifest.files[name]?.sha256 ?? (await sha256(bytes))))
          throw new Error(`${path}/${name} came back different`);
      }
      if (best) await this.#point("best", path);
      await this.#point("last", path);
    } catch (cause) {
      await this.#storage.remove(path).catch(() => undefined);
      throw new AmaSamError(
        "Checkpoints.save",
        `the checkpoint could not be written. Got ${cause instanceof Error ? cause.message : cause}. The one before is still there. Is the disk full or read-only?`,
        { cause },
      );
    }
    await this.#prune();
    return { path, bytes: [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0) };
  }

  /**
   * Reads `last`, `best`, or a checkpoint's path; null where there is none. A damaged `last` gives the newest that is whole.
   * @throws AmaSamError when checkpoints are there, but none can be read
   */
  async load(which = "last"): Promise<LoadedCheckpoint | null> {
    const named = which === "last" || which === "best" ? await this.#target(which) : which;
    const others = which === "last" ? (await this.#paths()).reverse().filter((path) => path !== named) : [];
    const damaged: string[] = [];
    for (const path of [...(named === null ? [] : [named]), ...others]) {
      try {
        const { state, safe } = await this.#read(path);
        return { ...state, path, damaged, safe: await this.#readSafe(safe, { ...state, path }, damaged) };
      } catch (error) {
        damaged.push(`${path}: ${error instanceof Error ? error.message : error}`);
      }
    }
    // Folders without state.json were never finished: a run killed in its first save has no checkpoint, and nothing is lost.
    if (damaged.length === 0 || (named === null && !(await this.#anyState(others)))) return null;
    throw new AmaSamError("Checkpoints.load", `no readable checkpoint. Got ${damaged.join("; ")}.`);
  }

  /** Paths of all checkpoint folders, oldest first. */
  async #paths(): Promise<string[]> {
    const files = await this.#storage.list(this.#folder);
    const folders = new Set(files.map((file) => file.split("/").slice(0, -1).join("/")));
    return [...folders].filter((path) => /\/step-\d+(-\d+)?$/.test(path)).sort((a, b) => order(a) - order(b));
  }

  async #anyState(paths: readonly string[]): Promise<boolean> {
    for (const path of paths) if (await this.#storage.exists(`${path}/${STATE}`)) return true;
    return false;
  }

  async #free(name: string): Promise<string> {
    const taken = new Set(await this.#paths());
    for (let n = 0; ; n++) {
      const path = `${this.#folder}/${name}${n > 0 ? `-${n}` : ""}`;
      if (!taken.has(path)) return path;
    }
  }

  async #point(name: "last" | "best", path: string): Promise<void> {
    await this.#storage.write(`${this.#folder}/${name}.json`, encode({ path: path.slice(this.#folder.length + 1) }));
  }

  async #target(name: "last" | "best"): Promise<string | null> {
    const file = `${this.#folder}/${name}.json`;
    if (!(await this.#storage.exists(file))) return null;
    try {
      const { path } = JSON.parse(new TextDecoder().decode(await this.#storage.read(file))) as { path: unknown };
      return typeof path === "string" && /^step-\d+(-\d+)?$/.test(path) ? `${this.#folder}/${path}` : null;
    } catch {
      return null;
    }
  }

  async #manifest(path: string): Promise<Manifest> {
    return JSON.parse(new TextDecoder().decode(await this.#storage.read(`${path}/${STATE}`))) as Manifest;
  }

  /** Weights to go back to: those of another checkpoint, unless it is damaged. */
  async #readSafe(
    name: string | null | undefined,
    own: TrainerState & { path: string },
    damaged: string[],
  ): Promise<SafeState | null> {
    if (name === null) return null;
    const path = name === undefined ? own.path : `${this.#folder}/${name}`;
    if (path !== own.path) {
      try {
        const { state } = await this.#read(path);
        return { step: state.progress.step, learner: state.learner, path };
      } catch (error) {
        damaged.push(`${path}: ${error instanceof Error ? error.message : error}`);
      }
    }
    return { step: own.progress.step, learner: own.learner, path: own.path };
  }

  async #read(path: string): Promise<{ state: TrainerState; safe: Manifest["safe"] }> {
    const manifest = await this.#manifest(path);
    if (manifest.progress?.version !== progressVersion)
      throw new Error(`written by another version (${manifest.progress?.version})`);
    const tensors = async (name: string): Promise<Map<string, SavedTensor>> => {
      const bytes = await this.#storage.read(`${path}/${name}`);
      if ((await sha256(bytes)) !== manifest.files[name]?.sha256) throw new Error(`${name} is damaged`);
      const file = await openCheckpoint(bytes);
      const out = new Map<string, SavedTensor>();
      for (const [tensor, { shape }] of file.entries)
        out.set(tensor, { shape, data: (await file.read(tensor)).data as Float32Array });
      return out;
    };
    const learner: LearnerState = {
      updates: manifest.updates,
      weights: await tensors(WEIGHTS),
      moments: await tensors(MOMENTS),
    };
    return { state: { progress: manifest.progress, learner }, safe: manifest.safe };
  }

  async #prune(): Promise<void> {
    const paths = await this.#paths();
    const held = new Set([await this.#target("last"), await this.#target("best"), ...paths.slice(-this.#keep)]);
    for (const path of [...held]) {
      const safe =
        path === null
          ? null
          : await this.#manifest(path).then(
              (m) => m.safe,
              () => null,
            );
      if (safe) held.add(`${this.#folder}/${safe}`);
    }
    for (const path of paths) if (!held.has(path)) await this.#storage.remove(path);
  }
}

function order(path: string): number {
  const [, step, again] = /step-(\d+)(?:-(\d+))?$/.exec(path) ?? [];
  return Number(step) * 1000 + Number(again ?? 0);
}
