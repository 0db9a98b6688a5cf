import { basename } from "node:path";
import { sha256 } from "@ama-sam/checkpoint";
import type { Device } from "@ama-sam/tensor";
import {
  type Config,
  configToYaml,
  type EvaluatedImage,
  mergeCheckpoint,
  portableConfig,
  saveTrained,
  Trainer,
} from "ama-sam";
import { CommandError, EXIT } from "../errors";
import { reach } from "../faults";
import { NodeStorage } from "../files/node-storage";
import { RunLock } from "../files/run-lock";
import { RunRecorder } from "../files/run-recorder";
import type { Io } from "../io";
import { type ProgressStyle, TrainProgress } from "../output/progress";
import { errorOverlay } from "../output/report/overlay";
import { reportOfFolder } from "../output/report/report-folder";
import { openWeights } from "./base-weights";
import { openDeviceOfRun } from "./device";
import { probeDomains } from "./domain-probe";
import { type Environment, environmentOf, hashAnnotations, hashImages } from "./environment";
import { evaluateInto, type TestResult } from "./evaluation";
import { modelCard } from "./model-card";
import { openRunData, type RunData } from "./open-data";
import { type SampleThreads, sampleThreads } from "./sample-threads";

/** What {@link trainRun} does. */
export interface TrainRunOptions {
  io: Io;
  config: Config;
  /** The run folder. */
  folder: string;
  resume?: boolean;
  overwrite?: boolean;
  adapter?: string;
  /** Seconds after which the run saves and stops. */
  maxSeconds?: number;
  progress?: ProgressStyle;
  /** For `env.json`. */
  command: readonly string[];
  /** Decides the number of steps once the adapter or its speed is known. */
  plan?: (device: Device, data: RunData) => Promise<Config>;
}

/** How a run ended. */
export interface TrainRunResult {
  exitCode: number;
  folder: string;
  step: number;
  totalSteps: number;
  seconds: number;
  test: TestResult | null;
}

/** Trains by a configuration into a run folder, from opening the data to the report; the same for `train`, `demo` and `ablate`. */
export async function trainRun(options: TrainRunOptions): Promise<TrainRunResult> {
  const { io, resume = false, overwrite = false } = options;
  const started = performance.now();
  const data = await openRunData(options.config);
  for (const { message } of data.findings) io.err(`warning: ${message}\n`);
  const { checkpoint: basePath } = options.config.model.init;
  const base = basePath === undefined ? null : await openWeights(basePath);
  let device: Device | null = null;
  let trainer: Trainer | null = null;
  let recorder: RunRecorder | null = null;
  let threads: SampleThreads | null = null;
  let lock: RunLock | null = null;
  const say = (text: string) => io.err(text);
  const progress = new TrainProgress(io, options.progress ? { style: options.progress } : {});
  try {
    // Looked at now, opened when model and data are known to fit: what fails before that leaves no folder, and empties none.
    await NodeStorage.check(options.folder, { resume, overwrite, say });
    const storage = NodeStorage.at(options.folder);
    const before = resume ? await recordedEnvironment(storage) : null;
    device = await openDeviceOfRun(io, options.adapter, before?.adapter?.name);
    const config = resume ? options.config : await plannedConfig(options, device, data);
    const environment = await describe(device, config, options.command, data, base?.sha256 ?? null);
    if (before) refuseOtherData(before, environment);
    threads = sampleThreads(config, data, {
      onFailure: (message) => progress.line(`warning: images are decoded in the main thread, because ${message}`),
    });
    trainer = await Trainer.create({
      device,
      config,
      data,
      storage,
      load: threads.load,
      ...(base && { base: async () => base.checkpoint, baseSha256: base.sha256 }),
      onDeviceLost: async () => {
        await device?.dispose();
        device = await openDeviceOfRun(io, options.adapter, environment.adapter.name);
        return device;
      },
      onEvent: (event) => {
        recorder?.record(event);
        reach(`event:${event.type}`);
        progress.show(event);
      },
      onValidated: previews(
        storage,
        config,
        (step, name, image) => recorder?.image(step, `previews/${name}`, image),
        () => trainer?.progress.step ?? 0,
      ),
    });
    lock = await RunLock.take(options.folder, options.command, say);
    await NodeStorage.open(options.folder, { resume, overwrite, lock });
    if (!resume) await storage.write("config.yaml", configToYaml(config));
    // A run that was killed before these were written gets them when it goes on.
    for (const [name, value] of [
      ["env.json", environment],
      ["splits.json", data.splits],
    ] as const)
      if (!(await storage.exists(name))) await storage.write(name, `${JSON.stringify(value, null, 2)}\n`);
    const found = resume ? await trainer.resume() : null;
    for (const message of found?.damaged ?? [])
      progress.line(`warning: a checkpoint is damaged and was passed over: ${message}`);
    recorder = await RunRecorder.open(storage.root, found?.step ?? 0, trainer.progress.closed);
    if (resume)
      progress.line(found ? `going on after step ${found.step}` : "no checkpoint yet: starting from the beginning");
    reach("run:start");
    await runWithProbes(trainer, recorder, data, options, started);
    progress.end();
    const { step } = trainer.progress;
    const done = { folder: storage.root, step, totalSteps: trainer.totalSteps };
    if (!trainer.isFinished) {
      if (!io.stop.reason) io.stop.request("max-time");
      io.err(`saved after step ${step} of ${trainer.totalSteps}. Go on with: ama-sam train --resume ${storage.root}\n`);
      return { ...done, exitCode: io.stop.exitCode, seconds: secondsSince(started), test: null };
    }
    let test: TestResult | null;
    try {
      const own = trainer;
      test = await withDeviceOf(own, () => finish(own, storage, data, environment, io, progress));
    } catch (error) {
      if (error !== io.stop.signal.reason) throw error;
      io.err(`stopped while scoring. Go on with: ama-sam train --resume ${storage.root}\n`);
      return { ...done, exitCode: io.stop.exitCode, seconds: secondsSince(started), test: null };
    }
    reach("run:end");
    return { ...done, exitCode: EXIT.ok, seconds: secondsSince(started), test };
  } finally {
    try {
      progress.end();
      recorder?.close();
      await threads?.close();
      trainer?.dispose();
      await device?.dispose();
      await base?.close();
    } finally {
      lock?.release();
    }
  }
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

async function describe(
  device: Device,
  config: Config,
  command: readonly string[],
  data: RunData,
  baseSha256: string | null,
): Promise<Environment> {
  const hashes: Record<string, string> = {};
  for (const [i, set] of [data.primary, ...data.auxiliary].entries()) {
    const source = data.sources.get(set.name)!;
    hashes[`${set.name}/train`] = await hashImages((path) => source.read(path), set.items);
    if (i === 0 && data.test.length > 0)
      hashes[`${set.name}/test`] = await hashImages((path) => source.read(path), data.test);
    if (i === 0 && data.validation.length > 0)
      hashes[`${set.name}/valid`] = await hashImages((path) => source.read(path), data.validation);
    const used = i === 0 ? [...set.items, ...data.validation, ...data.test] : set.items;
    hashes[`${set.name}/annotations`] = await hashAnnotations((path) => source.read(path), used);
  }
  if (data.order) hashes.order = await sha256(new TextEncoder().encode(JSON.stringify(data.order)));
  return environmentOf(device, config, command, hashes, baseSha256);
}

/** The configuration with what the caller decides once the GPU and the data are known: all of it is in the run folder, so that resuming needs no flag. */
async function plannedConfig({ config, plan }: TrainRunOptions, device: Device, data: RunData): Promise<Config> {
  return plan ? await plan(device, data) : config;
}

/** What the run folder says of the machine that the run began on; null where it was killed before saying it. */
async function recordedEnvironment(storage: NodeStorage): Promise<Partial<Environment> | null> {
  if (!(await storage.exists("env.json"))) return null;
  return JSON.parse(new TextDecoder().decode(await storage.read("env.json"))) as Partial<Environment>;
}

/** Other images under the same names would make the second half of a run another experiment. */
function refuseOtherData(before: Partial<Environment>, now: Environment): void {
  for (const [set, hash] of Object.entries(before.data ?? {})) {
    if (now.data[set] !== hash)
      throw new CommandError(`the files of ${set} are not those that this run began with`, {
        hint: "Put the data set back as it was, or start a new run.",
      });
  }
  if ((before.baseSha256 ?? null) !== now.baseSha256)
    throw new CommandError("the checkpoint in model.init.checkpoint is not the one that this run began with");
}

/** Steps are done in stretches with a domain probe between them; each stretch ends with a checkpoint. */
async function runWithProbes(
  trainer: Trainer,
  recorder: RunRecorder,
  data: RunData,
  options: TrainRunOptions,
  started: number,
): Promise<void> {
  const { io, maxSeconds } = options;
  const { totalSteps, config } = trainer;
  const probeEvery = config.train.probeEvery === "auto" ? Math.ceil(totalSteps / 4) : config.train.probeEvery;
  const probe = async (): Promise<void> => {
    const found = await probeDomains(trainer.model, data);
    if (!found) return;
    const { balancedAccuracy: accuracy, primary, auxiliary, images } = found;
    const { step } = trainer.progress;
    recorder.note({ type: "probe", step, accuracy, primary, auxiliary, images });
    reach("probe");
    recorder.scalars(step, { "probe/accuracy": accuracy, "probe/primary": primary, "probe/auxiliary": auxiliary });
  };
  const limit = () =>
    maxSeconds === undefined ? {} : { maxTimeMs: Math.max(0, 1000 * (maxSeconds - secondsSince(started))) };
  // A run that goes on makes the probes that the interruption took, and the others at the steps where they would have been.
  const probeOnce = async (): Promise<void> => {
    if (!RunRecorder.has(options.folder, "probe", trainer.progress.step)) await withDeviceOf(trainer, probe);
  };
  if (probeEvery === 0) {
    await trainer.run({ signal: io.stop.signal, ...limit() });
    if (trainer.isFinished) await probeOnce();
    return;
  }
  for (;;) {
    const { step } = trainer.progress;
    if (step % probeEvery === 0 || trainer.isFinished) await probeOnce();
    if (trainer.isFinished) return;
    const maxSteps = probeEvery - (step % probeEvery);
    const reason = await trainer.run({ signal: io.stop.signal, maxSteps, ...limit() });
    if (reason === "stopped" || reason === "time") return;
  }
}

/** Device work outside of the loop; after a loss the trainer takes another device, and the work begins again. */
async function withDeviceOf<T>(trainer: Trainer, work: () => Promise<T>): Promise<T> {
  for (let losses = 0; ; losses++) {
    try {
      return await work();
    } catch (error) {
      if (losses === 3 || !trainer.learner.isLost(error)) throw error;
      await trainer.state(); // reads the weights: the loop notices the loss and recovers
    }
  }
}

/** Draws the first validation images of every validation into the run folder and TensorBoard. */
function previews(
  storage: NodeStorage,
  config: Config,
  show: (step: number, name: string, image: { width: number; height: number; png: Uint8Array }) => void,
  step: () => number,
) {
  const drawn = { epoch: -1, ids: new Set<string>() };
  return async ({ id, sample, prediction }: EvaluatedImage, epoch: number): Promise<void> => {
    if (drawn.epoch !== epoch) Object.assign(drawn, { epoch, ids: new Set() });
    // An image may come twice: a validation whose GPU was lost begins again.
    if ((drawn.ids.size >= config.output.previews && !drawn.ids.has(id)) || !sample.labels) return;
    drawn.ids.add(id);
    reach("validation:image");
    const { width, height } = sample.image;
    const png = errorOverlay(
      sample.image,
      { width, height, data: prediction.mask },
      { width, height, data: sample.labels },
      320,
    );
    const name = id.replace(/[^\w.-]/g, "_").slice(0, 80);
    await storage.write(`previews/epoch-${String(epoch).padStart(4, "0")}-${name}.png`, png);
    const every = Math.max(1, Math.ceil(Math.max(width, height) / 320));
    show(step(), name, { width: Math.floor(width / every), height: Math.floor(height / every), png });
  };
}

/** The configuration with every data set's name, which a path that is cut to its last part may no longer tell. */
function withNames(config: Config, { primary, auxiliary }: RunData): Config {
  const { data } = config;
  return {
    ...config,
    data: {
      ...data,
      ...(data.primary && { primary: { ...data.primary, name: primary.name } }),
      auxiliary: data.auxiliary.map((set, i) => ({ ...set, name: auxiliary[i]?.name ?? set.name })),
    },
  };
}

/** After the last step: the best weights, scores on the test images, the report and the model card. */
async function finish(
  trainer: Trainer,
  storage: NodeStorage,
  data: RunData,
  environment: Environment,
  io: Io,
  progress: TrainProgress,
): Promise<TestResult | null> {
  const { config } = trainer;
  const { step } = trainer.progress;
  if (trainer.progress.best) await trainer.resume("best");
  // The file travels: names and hashes of the data go with it, the folders of this machine do not.
  const info = {
    config: configToYaml(portableConfig(withNames(config, data))),
    metadata: { data: JSON.stringify(environment.data), steps: String(step), version: environment.version },
    ...(environment.baseSha256 && { baseSha256: environment.baseSha256 }),
  };
  const weights = environment.baseSha256
    ? await saveTrained(trainer.model, info)
    : await mergeCheckpoint(trainer.model, info);
  reach("finish:weights");
  await storage.write("model.safetensors", weights);
  let test: TestResult | null = null;
  if (data.test.length > 0) {
    progress.line(`scoring ${data.test.length} test images`);
    test = await evaluateInto(storage, trainer.model, config, data.test, { seen: 0, signal: io.stop.signal });
  }
  const card = modelCard({
    name: basename(storage.root),
    config,
    data,
    environment,
    steps: step,
    weightsSha256: await sha256(weights),
    mean: test?.mean ?? null,
  });
  await storage.write("MODEL_CARD.md", card);
  reach("finish:report");
  await storage.write("report.html", await reportOfFolder(storage.root));
  return test;
}
