import { type Checkpoint, openCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { Build } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import { AmaSam, type Config, evaluateOptions, loadBase, loadTrained, modelConfig, savedModelInfo } from "ama-sam";
import type { WeightsStore } from "../storage/weights-store";
import { carriedList, fetchCarried } from "./carried";
import { TroubleError } from "./failures";
import type { Gpu } from "./gpu";
import type { ModelFacts, ModelRequest } from "./protocol";

/** A model on a device with what is known of it. */
export interface LoadedModel {
  model: AmaSam;
  config: Config;
  facts: ModelFacts;
}

const BUILTIN = "nano.safetensors";
/** `{ sha256, config }` of it, as `settingsOf` reads them from the file: without it the page would need the schema at once. */
const BUILTIN_SETTINGS = "nano.settings.json";

/** Loads models, and loads the last one again after the device was lost. */
export class ModelService {
  readonly #gpu: Gpu;
  readonly #store: () => Promise<WeightsStore>;
  #request: ModelRequest | null = null;
  #loaded: (LoadedModel & { generation: number }) | null = null;

  constructor(gpu: Gpu, store: () => Promise<WeightsStore>) {
    this.#gpu = gpu;
    this.#store = store;
  }

  /** Grows with every model and device: what was computed with an earlier one is worth nothing. */
  version = 0;

  /** The model in use, on a device that is alive. */
  async current(): Promise<LoadedModel> {
    const device = await this.#gpu.open();
    if (this.#loaded?.generation === this.#gpu.generation) return this.#loaded;
    return this.load(this.#request ?? { from: "builtin" }, device);
  }

  /** Replaces the model in use; on failure the one before stays. */
  async load(request: ModelRequest, on?: Device): Promise<LoadedModel> {
    const device = on ?? (await this.#gpu.open());
    const loaded = await this.#open(request, device);
    if (this.#loaded && this.#loaded.generation === this.#gpu.generation) this.#loaded.model.dispose();
    this.#request = request;
    this.#loaded = { ...loaded, generation: this.#gpu.generation };
    this.version++;
    return this.#loaded;
  }

  async #open(request: ModelRequest, device: Device): Promise<LoadedModel> {
    if (request.from === "random") return untrained(device);
    if (request.from === "builtin") {
      if (!(await carriedList()).models.includes(BUILTIN)) return untrained(device);
      const bytes = await fetchCarried(`models/${BUILTIN}`);
      const hash = await sha256(bytes);
      const checkpoint = await openCheckpoint(bytes);
      const config =
        (await carriedSettings(hash)) ?? (await settings()).settingsOf(checkpoint, savedModelInfo(checkpoint));
      return fromCheckpoint(device, checkpoint, config, {
        name: "nano (comes with the page)",
        builtin: true,
        hash,
        base: null,
      });
    }
    const store = await this.#store();
    const blob = request.from === "file" ? request.file : await store.open(request.sha256);
    const hash = request.from === "file" ? await sha256(request.file) : request.sha256;
    const known = (await store.list()).find((entry) => entry.sha256 === hash);
    const checkpoint = await openCheckpoint(blob);
    const info = savedModelInfo(checkpoint);
    const base = info?.kind === "trained" && info.baseSha256 ? await baseOf(store, info.baseSha256) : null;
    return fromCheckpoint(device, checkpoint, (await settings()).settingsOf(checkpoint, info), {
      name: request.from === "file" ? request.name : (known?.name ?? hash.slice(0, 12)),
      hash,
      base,
    });
  }
}

async function baseOf(store: WeightsStore, hash: string): Promise<Checkpoint> {
  const known = (await store.list()).some((entry) => entry.sha256 === hash);
  if (!known)
    throw new TroubleError(
      "input",
      `This file holds only what was trained on top of SAM. Add the SAM weights with SHA-256 ${hash.slice(0, 16)}... first, then choose it again.`,
    );
  return openCheckpoint(await store.open(hash));
}

/** The schema, loaded with the first file that needs it. */
const settings = () => import("./settings-of");

async function carriedSettings(hash: string): Promise<Config | null> {
  if (!(await carriedList()).models.includes(BUILTIN_SETTINGS)) return null;
  const text = new TextDecoder().decode(await fetchCarried(`models/${BUILTIN_SETTINGS}`));
  const known = JSON.parse(text) as { sha256: string; config: Config };
  return known.sha256 === hash ? known.config : null;
}

async function fromCheckpoint(
  device: Device,
  checkpoint: Checkpoint,
  config: Config,
  { name, builtin = false, hash, base }: { name: string; builtin?: boolean; hash: string; base: Checkpoint | null },
): Promise<LoadedModel> {
  const info = savedModelInfo(checkpoint);
  const model = new AmaSam(new Build(device, { seed: config.model.init.seed }), modelConfig(config), {
    decoder: config.model.decoder,
  });
  try {
    if (base) await loadBase(model, base);
    if (base) await loadTrained(model, checkpoint);
    else await loadBase(model, checkpoint);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const fromSam = !info || base !== null || config.model.init.checkpoint !== undefined;
  return {
    model,
    config,
    facts: factsOf(model, config, {
      name,
      builtin,
      hash,
      state: info ? "ama-sam" : "sam",
      prompts: fromSam,
      metadata: Object.fromEntries(checkpoint.metadata),
    }),
  };
}

async function untrained(device: Device): Promise<LoadedModel> {
  const config = (await settings()).completed({ model: { preset: "nano" } });
  const model = new AmaSam(new Build(device, { seed: 0 }), modelConfig(config));
  return {
    model,
    config,
    facts: factsOf(model, config, {
      name: "nano, not trained",
      builtin: false,
      hash: null,
      state: "untrained",
      prompts: false,
      metadata: {},
    }),
  };
}

function factsOf(
  model: AmaSam,
  config: Config,
  more: {
    name: string;
    builtin: boolean;
    hash: string | null;
    state: ModelFacts["state"];
    prompts: boolean;
    metadata: Record<string, string>;
  },
): ModelFacts {
  const { imageSize } = model.config.encoder;
  const { threshold = 0.5, tile = 0, instances = {} } = evaluateOptions(config, imageSize);
  const { method = "components", connectivity = 4, minArea = 10, fillHoles = true, h = 1 } = instances;
  const parameters = [...model.stateDict().values()].reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0);
  const { name, builtin, hash, state, prompts, metadata } = more;
  return {
    name,
    builtin,
    preset: config.model.preset,
    sha256: hash,
    parameters,
    state,
    prompts,
    imageSize,
    tile,
    threshold,
    instances: { method, connectivity, minArea, fillHoles, h },
    metadata,
  };
}
