import { openCheckpoint } from "@ama-sam/checkpoint";
import { type Dataset, type FileSource, memorySource, openDataset } from "@ama-sam/data";
import {
  type Config,
  configReference,
  configToYaml,
  type EvaluatedImage,
  memoryStorage,
  mergeCheckpoint,
  parseSavedConfig,
  portableConfig,
  type RunStorage,
  resolveConfig,
  type StepEvent,
  saveTrained,
  selectImages,
  type TrainEvent,
  Trainer,
  type TrainingData,
} from "ama-sam";
import { OpfsStorage, privateFolder } from "../storage/opfs";
import type { WeightsStore } from "../storage/weights-store";
import { TroubleError } from "./failures";
import type { Gpu } from "./gpu";
import { previewOf } from "./preview";
import type { RunFacts, TrainPreview, TrainRequest } from "./protocol";
import { sampleSource } from "./samples";

/** What a run's folder says of where its data are. */
interface RunFile {
  sets: { name: string; carried: boolean }[];
  base: string | null;
}

interface Told {
  onEvent: (event: TrainEvent) => void;
  onPreview: (preview: TrainPreview) => void;
}

const RUNS = "runs";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What each key of the configuration means, by its dotted path. */
export function keyTexts(): Record<string, string> {
  return Object.fromEntries(configReference().map(({ key, text }) => [key, text]));
}

/** Training runs in the browser's storage: `runs/NAME/{config.yaml, run.json, metrics.jsonl, data/, checkpoints/}`. */
export class TrainingService {
  readonly #gpu: Gpu;
  readonly #store: WeightsStore;
  readonly #told: Told;
  /** Runs of a page that gets no storage: they live as long as it does. */
  readonly #memory = new Map<string, RunStorage>();

  constructor(gpu: Gpu, store: WeightsStore, told: Told) {
    this.#gpu = gpu;
    this.#store = store;
    this.#told = told;
  }

  /** Starts a run: keeps its settings and its images first, so that it can go on after the page was closed. */
  async start({ run, config, sets, base }: TrainRequest, signal: AbortSignal): Promise<RunFacts> {
    const storage = await this.#storage(run);
    const full = resolveConfig(config);
    for (const [i, { files }] of sets.entries()) {
      for (const { path, file } of files ?? [])
        await storage.write(`data/${i}/${path}`, new Uint8Array(await file.arrayBuffer()));
    }
    const facts: RunFile = { sets: sets.map(({ name, files }) => ({ name, carried: files === null })), base };
    await storage.write("run.json", encode(JSON.stringify(facts)));
    await storage.write("config.yaml", encode(configToYaml(full)));
    return this.#go(run, storage, signal);
  }

  /** Goes on with a run of this browser. */
  async resume(run: string, signal: AbortSignal): Promise<RunFacts> {
    return this.#go(run, await this.#storage(run), signal);
  }

  async list(): Promise<RunFacts[]> {
    const storages = new Map(this.#memory);
    if (await this.#store.isPersistent()) {
      const root = await (await privateFolder()).getDirectoryHandle(RUNS, { create: true });
      for await (const [name, entry] of root.entries())
        if (entry.kind === "directory") storages.set(name, new OpfsStorage(entry as FileSystemDirectoryHandle));
    }
    const runs: RunFacts[] = [];
    for (const [name, storage] of storages) {
      const facts = await this.#facts(name, storage).catch(() => null); // a run that was closed while it was being made
      if (facts) runs.push(facts);
    }
    return runs;
  }

  async remove(run: string): Promise<void> {
    if (!this.#memory.delete(run)) await (await OpfsStorage.open(RUNS)).remove(run);
  }

  /** The best weights so far, of a whole checkpoint: a file that the page and the command open. */
  async weights(run: string): Promise<Blob> {
    const storage = await this.#storage(run);
    const whole = "model.safetensors";
    const read = async (path: string): Promise<Blob> =>
      new Blob([(await storage.read(path)) as Uint8Array<ArrayBuffer>]);
    if (await storage.exists(whole)) return read(whole);
    for (const pointer of ["best", "last"]) {
      if (!(await storage.exists(`checkpoints/${pointer}.json`))) continue;
      const { path } = JSON.parse(decode(await storage.read(`checkpoints/${pointer}.json`))) as { path: string };
      return read(`checkpoints/${path}/${whole}`);
    }
    throw new TroubleError("input", `Run ${run} has saved nothing yet.`);
  }

  async #storage(run: string): Promise<RunStorage> {
    if (await this.#store.isPersistent()) return OpfsStorage.open(`${RUNS}/${run}`);
    const held = this.#memory.get(run) ?? memoryStorage();
    this.#memory.set(run, held);
    return held;
  }

  async #go(run: string, storage: RunStorage, signal: AbortSignal): Promise<RunFacts> {
    const config = resolveConfig(parseSavedConfig(decode(await storage.read("config.yaml"))));
    const { sets, base } = JSON.parse(decode(await storage.read("run.json"))) as RunFile;
    const data = await openData(config, sets, storage);
    let pending: TrainEvent[] = [];
    let writing = Promise.resolve();
    const flush = (): Promise<void> => {
      const lines = pending.map((event) => `${JSON.stringify(event)}\n`).join("");
      pending = [];
      if (lines) writing = writing.then(() => storage.append("metrics.jsonl", encode(lines))).catch(() => undefined);
      return writing;
    };
    let previews = { epoch: -1, count: 0 };
    const trainer = await Trainer.create({
      device: await this.#gpu.open(),
      config,
      data,
      storage,
      ...(base && { base: async () => openCheckpoint(await this.#store.open(base)), baseSha256: base }),
      onDeviceLost: () => this.#gpu.open(),
      onEvent: (event) => {
        if (event.type === "step" || event.type === "validation") pending.push(event);
        if (event.type !== "step") void flush();
        this.#told.onEvent(event);
      },
      onValidated: (result: EvaluatedImage, epoch: number) => {
        if (previews.epoch !== epoch) previews = { epoch, count: 0 };
        if (previews.count++ < config.output.previews) this.#told.onPreview(previewOf(result, epoch));
      },
    });
    try {
      const found = await trainer.resume();
      if (found) await dropAfter(storage, found.step);
      await trainer.run({ signal });
      if (trainer.isFinished) {
        if (trainer.progress.best) await trainer.resume("best");
        const info = { config: configToYaml(portableConfig(config)), ...(base && { baseSha256: base }) };
        await storage.write(
          "model.safetensors",
          base ? await saveTrained(trainer.model, info) : await mergeCheckpoint(trainer.model, info),
        );
      }
    } finally {
      await flush();
      trainer.dispose();
    }
    return this.#facts(run, storage);
  }

  async #facts(run: string, storage: RunStorage): Promise<RunFacts> {
    const config = resolveConfig(parseSavedConfig(decode(await storage.read("config.yaml"))));
    const { sets } = JSON.parse(decode(await storage.read("run.json"))) as RunFile;
    const events = await readEvents(storage);
    const last = events.findLast((event): event is StepEvent => event.type === "step");
    return {
      run,
      step: last?.step ?? 0,
      totalSteps: last?.totalSteps ?? 0,
      primary: sets[0]?.name ?? "",
      preset: config.model.preset,
      events,
    };
  }
}

async function readEvents(storage: RunStorage): Promise<TrainEvent[]> {
  if (!(await storage.exists("metrics.jsonl"))) return [];
  const lines = decode(await storage.read("metrics.jsonl")).split("\n");
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as TrainEvent];
    } catch {
      return []; // a page closed in the middle of a line
    }
  });
}

/** Takes out steps that will be done again, because the page was closed after the last checkpoint. */
async function dropAfter(storage: RunStorage, step: number): Promise<void> {
  const kept = (await readEvents(storage)).filter((event) => "step" in event && event.step <= step);
  await storage.write("metrics.jsonl", encode(kept.map((event) => `${JSON.stringify(event)}\n`).join("")));
}

async function openData(config: Config, sets: RunFile["sets"], storage: RunStorage): Promise<TrainingData> {
  const opened: Dataset[] = [];
  for (const [i, { name, carried }] of sets.entries()) {
    const source = carried ? await sampleSource(name) : await storedSource(storage, `data/${i}`);
    opened.push(await openDataset(source, { name }));
  }
  const [primary, ...auxiliary] = opened;
  if (!primary) throw new TroubleError("input", "Choose the images to train on.");
  return selectImages(config, { primary, auxiliary });
}

async function storedSource(storage: RunStorage, folder: string): Promise<FileSource> {
  const paths = await storage.list(folder);
  const { read } = memorySource({});
  return {
    list: async () => paths.map((path) => path.slice(folder.length + 1)),
    read: (path) => (paths.includes(`${folder}/${path}`) ? storage.read(`${folder}/${path}`) : read(path)),
  };
}
