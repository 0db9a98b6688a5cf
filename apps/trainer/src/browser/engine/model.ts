import { type Checkpoint, detectSam, mapKeys, openCheckpoint, renameCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { Build } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import {
  AmaSam,
  type Config,
  evaluateOptions,
  loadBase,
  loadTrained,
  modelConfig,
  parseSavedConfig,
  resolveConfig,
  type SavedModelInfo,
  savedModelInfo,
} from "ama-sam";
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

/** Loads models, and loads the last one again after the device was lost. */
export class ModelService {
  readonly #gpu: Gpu;
  readonly #store: WeightsStore;
  #request: ModelRequest | null = null;
  #loaded: (LoadedModel & { generation: number }) | null = null;

  constructor(gpu: Gpu, store: WeightsStore) {
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
      return fromCheckpoint(device, await openCheckpoint(bytes), {
        name: "nano (comes with the page)",
        hash: await sha256(bytes),
        base: null,
      });
    }
    const blob = request.from === "file" ? request.file : await this.#store.open(request.sha256);
    const hash = request.from === "file" ? await sha256(request.file) : request.sha256;
    const known = (await this.#store.list()).find((entry) => entry.sha256 === hash);
    const checkpoint = await openCheckpoint(blob);
    const info = savedModelInfo(checkpoint);
    const base = info?.kind === "trained" && info.baseSha256 ? await this.#base(info.baseSha256) : null;
    return fromCheckpoint(device, checkpoint, {
      name: request.from === "file" ? request.name : (known?.name ?? hash.slice(0, 12)),
      hash,
      base,
    });
  }

  async #base(hash: string): Promise<Checkpoint> {
    const known = (await this.#store.list()).some((entry) => entry.sha256 === hash);
    if (!known)
      throw new TroubleError(
        "input",
        `This file holds only what was trained on top of SAM. Add the SAM weights with SHA-256 ${hash.slice(0, 16)}... first, then choose it again.`,
      );
    return openCheckpoint(await this.#store.open(hash));
  }
}

/** Settings that a saved file names; those of a preset for files that AMA-SAM did not write. */
function configOf(checkpoint: Checkpoint, info: SavedModelInfo | null): Config {
  if (info?.config) return resolveConfig(parseSavedConfig(info.config, "the file's configuration"));
  const found = detectSam(renameCheckpoint(checkpoint, mapKeys(checkpoint.entries.keys())).entries);
  const preset = found?.variant && ({ vit_b: "vit-b", vit_l: "vit-l", vit_h: "vit-h" } as const)[found.variant];
  if (!preset)
    throw new TroubleError("input", "These weights are neither SAM's (ViT-B, L or H) nor written by AMA-SAM.");
  return resolveConfig({ model: { preset } });
}

async function fromCheckpoint(
  device: Device,
  checkpoint: Checkpoint,
  { name, hash, base }: { name: string; hash: string; base: Checkpoint | null },
): Promise<LoadedModel> {
  const info = savedModelInfo(checkpoint);
  const config = configOf(checkpoint, info);
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
      hash,
      state: info ? "ama-sam" : "sam",
      prompts: fromSam,
      metadata: Object.fromEntries(checkpoint.metadata),
    }),
  };
}

function untrained(device: Device): LoadedModel {
  const config = resolveConfig({ model: { preset: "nano" } });
  const model = new AmaSam(new Build(device, { seed: 0 }), modelConfig(config));
  return {
    model,
    config,
    facts: factsOf(model, config, {
      name: "nano, not trained",
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
  const { name, hash, state, prompts, metadata } = more;
  return {
    name,
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
