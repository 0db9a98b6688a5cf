import { recolorAsStained } from "@ama-sam/data";
import type { LabelMap } from "@ama-sam/instances";
import { failureOf, TroubleError } from "./failures";
import { Gpu } from "./gpu";
import { ModelService } from "./model";
import { openPicture } from "./picture";
import type { CallName, EngineCalls, FromEngine, OpenedImage, Progress, ToEngine } from "./protocol";
import { SegmentService } from "./segment";

const post = (message: FromEngine, transfer: Transferable[] = []): void =>
  (self as unknown as Worker).postMessage(message, transfer);

const gpu = new Gpu((message) => post({ type: "lost", message }));
const models = new ModelService(gpu, () => weightsStore());
const segments = new SegmentService();

// What follows is loaded when it is first asked for: most who open the page only look at an image.
const weightsStore = once(async () => new (await import("../storage/weights-store")).WeightsStore());
const prompts = once(async () => new (await import("./prompt")).PromptService());
const training = once(async () => {
  const [{ TrainingService }, store] = [await import("./training"), await weightsStore()];
  return new TrainingService(gpu, store, {
    onEvent: (event) => post({ type: "train", event }),
    onPreview: (preview) => post({ type: "preview", preview }, [preview.rgba.buffer]),
  });
});

/** Makes something once; what could not be made is tried again when it is next asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

let picture: (OpenedImage & { file: Blob }) | null = null;
/** The open image as the model sees it. */
let seen: OpenedImage | null = null;
let truth: { labels: LabelMap; warnings: string[] } | null = null;

interface Context {
  progress: (progress: Progress) => void;
  signal: AbortSignal;
  /** Hands a buffer over instead of copying it. */
  give: <T extends ArrayBufferView<ArrayBuffer>>(array: T) => T;
}

type Handlers = {
  [K in CallName]: (args: EngineCalls[K]["args"], context: Context) => Promise<EngineCalls[K]["result"]>;
};

function openImage(): OpenedImage & { file: Blob } {
  if (!picture) throw new TroubleError("input", "No image is open.");
  return picture;
}

const handlers: Handlers = {
  start: async () => Gpu.facts(await gpu.open()),
  model: async (request) => {
    const { facts } = await models.load(request);
    segments.clear();
    return facts;
  },
  image: async ({ file, name }) => {
    picture = { ...(await openPicture(file, name)), file };
    seen = picture;
    truth = null;
    segments.clear();
    const { file: _, ...facts } = picture;
    return { ...facts, rgb: facts.rgb };
  },
  segment: async ({ recolored, ...settings }, { progress, signal, give }) => {
    const image = openImage();
    if (recolored !== (seen !== image)) seen = recolored ? { ...image, rgb: recolorAsStained(image.rgb) } : image;
    const found = await segments.segment(await models.current(), seen ?? image, settings, progress, signal);
    give(found.labels.data as Uint32Array<ArrayBuffer>);
    return found;
  },
  relabel: async (settings, { give }) => {
    if (!segments.ready) throw new TroubleError("input", "Nothing was segmented yet.");
    const found = segments.relabel(await models.current(), settings);
    give(found.labels.data as Uint32Array<ArrayBuffer>);
    return found;
  },
  prompt: async (request) => {
    const loaded = await models.current();
    return (await prompts()).ask(loaded, models.version, seen ?? openImage(), request);
  },
  truth: async ({ file, name, labels }) => {
    const { readTruth, scoreAgainst } = await import("./truth");
    truth = await readTruth(file, name, openImage());
    return scoreAgainst(labels, truth);
  },
  score: async ({ labels }) => (truth ? (await import("./truth")).scoreAgainst(labels, truth) : null),
  export: async (request) => (await import("./exports")).exportFile(request, openImage(), seen !== picture),
  weights: async () => {
    const weights = await weightsStore();
    return { list: await weights.list(), persistent: await weights.isPersistent() };
  },
  addWeights: async (from, { progress, signal }) => {
    const weights = await weightsStore();
    if ("url" in from) return weights.addUrl(from.url, progress, signal);
    return weights.addFile(from.file, from.name, progress, signal);
  },
  removeWeights: async ({ sha256 }) => {
    await (await weightsStore()).remove(sha256);
    return null;
  },
  reference: async () => (await import("./training")).keyTexts(),
  runs: async () => (await training()).list(),
  train: async (request, { signal }) => (await training()).start(request, signal),
  resumeRun: async ({ run }, { signal }) => (await training()).resume(run, signal),
  removeRun: async ({ run }) => {
    await (await training()).remove(run);
    return null;
  },
  runWeights: async ({ run }) => (await training()).weights(run),
};

/** Calls that use the device or the open image run one after another: tensors of two at once would end up in each other's scopes. */
const ALONE: ReadonlySet<CallName> = new Set(["model", "image", "segment", "relabel", "prompt", "train", "resumeRun"]);
let queue: Promise<unknown> = Promise.resolve();
const open = new Map<number, AbortController>();

async function answer<K extends CallName>(id: number, name: K, args: EngineCalls[K]["args"]): Promise<void> {
  const abort = new AbortController();
  open.set(id, abort);
  const transfer: Transferable[] = [];
  const context: Context = {
    progress: (progress) => post({ type: "progress", id, progress }),
    signal: abort.signal,
    give: (array) => {
      transfer.push(array.buffer);
      return array;
    },
  };
  try {
    const work = (): Promise<EngineCalls[K]["result"]> => handlers[name](args, context);
    const result = ALONE.has(name) ? (queue = queue.then(work, work)) : work();
    post({ type: "result", id, value: await result }, transfer);
  } catch (error) {
    // Whatever failed because the device went away is a loss, however it showed itself.
    const failure = failureOf(error);
    post({
      type: "failure",
      id,
      failure: gpu.isLost && failure.trouble === "other" ? { ...failure, trouble: "device-lost" } : failure,
    });
  } finally {
    open.delete(id);
  }
}

self.onmessage = ({ data }: MessageEvent<ToEngine>) => {
  if (data.type === "cancel") open.get(data.id)?.abort();
  else void answer(data.id, data.name, data.args as never);
};
