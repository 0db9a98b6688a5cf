import * as v from "valibot";

/** A key with its explanation, shown by `configReference`. */
const key = <const S extends v.GenericSchema>(schema: S, text: string) => v.pipe(schema, v.description(text));

const finite = /* @__PURE__ */ v.pipe(v.number(), v.finite());
const positive = /* @__PURE__ */ v.pipe(finite, v.gtValue(0));
const atLeastZero = /* @__PURE__ */ v.pipe(finite, v.minValue(0));
const fraction = /* @__PURE__ */ v.pipe(finite, v.minValue(0), v.maxValue(1));
const count = /* @__PURE__ */ v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const countOrZero = /* @__PURE__ */ v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = /* @__PURE__ */ v.pipe(v.string(), v.nonEmpty());
const bool = /* @__PURE__ */ v.boolean();

const encoder = /* @__PURE__ */ v.strictObject({
  imageSize: v.optional(key(count, "Side of the model's square input in pixels.")),
  patchSize: v.optional(key(count, "Side of a token in pixels.")),
  width: v.optional(key(count, "Channels of the tokens.")),
  depth: v.optional(key(count, "Number of blocks.")),
  heads: v.optional(key(count, "Attention heads.")),
  mlpRatio: v.optional(key(positive, "Hidden width of a block's MLP over `width`.")),
  window: v.optional(key(countOrZero, "Side of an attention window in tokens; 0 for global attention everywhere.")),
  globalBlocks: v.optional(key(v.array(countOrZero), "Blocks with global attention, counted from 0.")),
  outChannels: v.optional(key(count, "Channels of the embedding.")),
});

const samDecoder = /* @__PURE__ */ v.strictObject({
  maskChannels: v.optional(key(count, "Channels inside the mask prompt's convolutions.")),
  depth: v.optional(key(count, "Blocks of the two-way transformer.")),
  heads: v.optional(key(count, "Heads of the two-way transformer.")),
  mlpHidden: v.optional(key(count, "Hidden width of the two-way transformer's MLPs.")),
  iouHidden: v.optional(key(count, "Hidden width of the IoU head.")),
  iouDepth: v.optional(key(count, "Layers of the IoU head.")),
});

const overrides = /* @__PURE__ */ v.strictObject({
  encoder: v.optional(key(encoder, "Sizes of the image encoder that differ from the preset.")),
  samDecoder: v.optional(key(samDecoder, "Sizes of SAM's decoder that differ from the preset.")),
  adapter: v.optional(
    key(
      v.nullable(
        v.strictObject({
          ratio: key(positive, "Bottleneck over token width."),
          scale: key(finite, "Factor of the adapter's output."),
        }),
      ),
      "Adapters of the encoder; null for none.",
    ),
  ),
  slices: v.optional(key(count, "Slice tokens of the HR-Decoder: r * r for an output r times finer than SAM's.")),
  sliceMlp: v.optional(
    key(v.picklist(["shared", "per_token"]), "One MLP for all slice tokens, or one for each (fidelity A12)."),
  ),
  discriminatorHidden: v.optional(key(count, "Hidden width of the domain discriminator.")),
});

const model = /* @__PURE__ */ v.strictObject({
  preset: v.optional(
    key(
      v.picklist(["vit-b", "vit-l", "vit-h", "nano"]),
      "Sizes of the model. `nano` trains from scratch on a CPU in minutes; the others start from SAM's weights.",
    ),
    "vit-b",
  ),
  overrides: v.optional(key(overrides, "Sizes that differ from the preset; the decoder follows the encoder."), {}),
  decoder: v.optional(key(v.picklist(["hr", "sam"]), "HR-Decoder of the paper, or SAM's own (Table 3)."), "hr"),
  align: v.optional(
    key(v.picklist(["none", "grl", "cgrl"]), "Domain alignment (Table 2); without auxiliary data nothing is aligned."),
    "cgrl",
  ),
  lambda: v.optional(
    key(
      v.union([
        atLeastZero,
        v.strictObject({
          ramp: key(atLeastZero, "Value that Ganin's ramp 2 / (1 + exp(-10 p)) - 1 reaches at the end of training."),
        }),
      ]),
      "Strength of the reversed gradient (eq. 2): a number, or { ramp: number }.",
    ),
    1,
  ),
  promptThreshold: v.optional(
    key(
      v.pipe(finite, v.gtValue(0), v.ltValue(1)),
      "Probability from which on the coarse map becomes the mask prompt (fidelity A8). Default: the preset's, 0.95 (nano 0.5).",
    ),
  ),
  trainable: v.optional(
    key(
      v.picklist(["adapters", "decoder", "all"]),
      "What learns: adapters, prompt generator and decoder as in the paper; the same without adapters; or everything. Default: adapters, for nano all.",
    ),
  ),
  init: v.optional(
    key(
      v.strictObject({
        checkpoint: v.optional(
          key(
            text,
            "SAM's weights (.pth or safetensors, Meta's or Hugging Face's names), or an AMA-SAM file to start from.",
          ),
        ),
        seed: v.optional(key(countOrZero, "Seed of the weights that no checkpoint gives."), 0),
      }),
      "Where the first weights come from.",
    ),
    {},
  ),
});

const dataset = /* @__PURE__ */ v.strictObject({
  path: key(text, "Folder of the data set."),
  name: v.optional(key(text, "Name in reports. Default: the last part of the path, or the name in the manifest.")),
  format: v.optional(
    key(
      v.picklist(["auto", "monuseg", "tnbc", "cryonuseg", "cpm17", "unsam", "dsb2018", "folder"]),
      "Layout on disk; auto recognises it.",
    ),
    "auto",
  ),
  split: v.optional(
    key(text, "A split by name (such as monuseg-30), or the path of a split file. Default: the data set's own."),
  ),
  train: v.optional(key(text, "Which part of the split trains."), "train"),
  test: v.optional(key(text, "Which part of the split is for the final evaluation."), "test"),
  limit: v.optional(key(countOrZero, "Use only the first images, in order of their names; 0 for all."), 0),
  annotator: v.optional(key(v.picklist(["1", "1-second", "2"]), "CryoNuSeg: whose annotation.")),
  set: v.optional(key(text, "UN-SAM's layout: which of its data sets.")),
});

const augment = /* @__PURE__ */ v.strictObject({
  fit: v.optional(
    key(
      v.picklist(["resize", "crop"]),
      "The whole image resized to the model's input, or a square of the input's size cut out at random.",
    ),
    "resize",
  ),
  flip: v.optional(key(bool, "Mirror images half of the time."), true),
  rotate: v.optional(key(bool, "Quarter turns."), true),
  scale: v.optional(
    key(v.tuple([positive, positive]), "Magnification, log-uniform between the two; 2 shows half the width."),
    [1, 1.25],
  ),
  brightness: v.optional(key(fraction, "Half-width of the factor's range around 1."), 0.1),
  contrast: v.optional(key(fraction, "Half-width of the factor's range around 1."), 0.1),
  saturation: v.optional(key(fraction, "Half-width of the factor's range around 1."), 0.1),
  hue: v.optional(key(fraction, "Half-width of the turn's range; 1 is a full circle."), 0.02),
  stainScale: v.optional(
    key(fraction, "Half-width of the range of each stain's factor (haematoxylin, eosin, residual)."),
    0.1,
  ),
  stainShift: v.optional(
    key(fraction, "Half-width of the range of each stain's shift, natural optical density."),
    0.03,
  ),
});

const data = /* @__PURE__ */ v.strictObject({
  primary: v.optional(key(dataset, "The data set whose images the model will be used on.")),
  auxiliary: v.optional(key(v.array(dataset), "Data sets that only help in training."), []),
  validation: v.optional(
    key(
      v.strictObject({
        split: v.optional(key(text, "Part of the primary split that validates, if it exists."), "valid"),
        fraction: v.optional(
          key(
            v.pipe(finite, v.minValue(0), v.ltValue(1)),
            "Otherwise this part of the primary training images is held out, at least one; 0 for no validation.",
          ),
          0.1,
        ),
      }),
      "Images that choose the best checkpoint; never trained on.",
    ),
    {},
  ),
  augment: v.optional(
    key(v.union([v.literal("none"), augment]), "Random changes of training images; `none` only resizes."),
    {},
  ),
  sampler: v.optional(
    key(
      v.union([
        v.picklist(["proportional", "balanced"]),
        v.strictObject({ ratio: key(v.tuple([positive, positive]), "Primary and auxiliary samples.") }),
        v.strictObject({
          order: key(
            text,
            'JSON file that names the images of every batch: { "stepsPerEpoch": 5, "batches": [["SET/ID", ...], ...] }.',
          ),
        }),
      ]),
      "How data sets mix in a batch: by number of images, each equally often, { ratio: [primary, auxiliary] }, or { order: FILE } to repeat a run's batches.",
    ),
    "proportional",
  ),
  workers: v.optional(
    key(
      countOrZero,
      "Threads that read, decode and augment the next batches during a step; 0 for none. The samples are the same, bit for bit.",
    ),
    2,
  ),
  cacheMb: v.optional(key(countOrZero, "Decoded images kept in memory, MiB."), 256),
});

const train = /* @__PURE__ */ v.strictObject({
  epochs: v.optional(key(count, "Passes over the data."), 30),
  steps: v.optional(key(countOrZero, "Stop after this many steps even if epochs are left; 0 for no such limit."), 0),
  batch: v.optional(key(count, "Images per step; primary and auxiliary ones mix in every batch of two or more."), 4),
  microBatch: v.optional(
    key(
      count,
      "Images on the device at once; a smaller number gives the same gradient with less memory and one more forward pass. Default: batch.",
    ),
  ),
  lr: v.optional(
    key(
      v.union([v.literal("paper"), positive]),
      "Learning rate; `paper` is 2e-4 * 40 / number of training images (fidelity A19).",
    ),
    "paper",
  ),
  schedule: v.optional(
    key(
      v.picklist(["exponential", "cosine", "constant"]),
      "Learning rate over time: times `decay` an epoch, half a cosine over the whole run, or constant.",
    ),
    "exponential",
  ),
  decay: v.optional(
    key(v.pipe(finite, v.gtValue(0), v.maxValue(1)), "Factor per epoch of the exponential schedule."),
    0.98,
  ),
  warmup: v.optional(key(countOrZero, "Steps over which the rate rises linearly at the start."), 0),
  betas: v.optional(
    key(
      v.tuple([v.pipe(finite, v.minValue(0), v.ltValue(1)), v.pipe(finite, v.minValue(0), v.ltValue(1))]),
      "Adam's decay rates of the moments.",
    ),
    [0.9, 0.999],
  ),
  eps: v.optional(key(positive, "Adam's epsilon."), 1e-8),
  clipNorm: v.optional(key(atLeastZero, "Gradients are scaled down to this global L2 norm; 0 for never."), 0),
  alpha: v.optional(key(atLeastZero, "Weight of the domain loss (eq. 6)."), 1),
  beta: v.optional(key(atLeastZero, "Weight of the coarse loss (eq. 6)."), 1),
  dice: v.optional(
    key(fraction, "Weight of the Dice part of the segmentation loss; the focal part has the rest (fidelity A13)."),
    0.8,
  ),
  smooth: v.optional(key(atLeastZero, "Smoothing of the Dice loss, pixels."), 1),
  recompute: v.optional(
    key(
      v.union([bool, v.literal("mlp")]),
      "What the backward pass makes again of encoder blocks instead of keeping it: `mlp` the MLPs' hidden values (at ViT-B 1024 a quarter less memory for a tenth more time), true all but a block's input (least memory, nearly half more time). Same result.",
    ),
    false,
  ),
  seed: v.optional(key(countOrZero, "Seed of the order of images and of augmentation."), 0),
  validateEvery: v.optional(
    key(countOrZero, "Validate after every so many epochs and after the last; 0 for never."),
    1,
  ),
  checkpointEvery: v.optional(
    key(
      countOrZero,
      "Save after every so many steps; 0: at the end of every epoch. The best so far and the end of the run are always saved.",
    ),
    0,
  ),
  checkpointMinutes: v.optional(key(atLeastZero, "Also save when this much time has passed; 0 for never."), 10),
  keepCheckpoints: v.optional(
    key(count, "Checkpoints kept besides the best one; two, so that a damaged one costs little."),
    2,
  ),
  snapshotEvery: v.optional(
    key(countOrZero, "Steps between copies in memory from which a lost GPU is replaced; 0 for checkpoints only."),
    20,
  ),
  probeEvery: v.optional(
    key(
      v.union([v.literal("auto"), countOrZero]),
      "Test every so many steps how well features tell the domains apart, and at the end; 0: at the end alone; auto: every quarter of the run.",
    ),
    "auto",
  ),
});

const evaluation = /* @__PURE__ */ v.strictObject({
  threshold: v.optional(
    key(v.pipe(finite, v.gtValue(0), v.ltValue(1)), "Probability above which a pixel is nucleus."),
    0.5,
  ),
  instances: v.optional(
    key(
      v.picklist(["components", "watershed"]),
      "How the mask becomes nuclei: connected components, or a watershed that splits touching ones.",
    ),
    "components",
  ),
  connectivity: v.optional(key(v.picklist([4, 8]), "Neighbours of a pixel."), 4),
  minArea: v.optional(key(countOrZero, "Nuclei of fewer pixels are dropped."), 10),
  fillHoles: v.optional(key(bool, "Fill enclosed background."), true),
  h: v.optional(
    key(atLeastZero, "Watershed: pixels by which a nucleus must stand out from the neck to its neighbour."),
    1,
  ),
  emptyRule: v.optional(
    key(
      v.picklist(["score", "skip"]),
      "An image without nuclei in truth and prediction: a perfect score, or left out of the mean.",
    ),
    "score",
  ),
  tile: v.optional(
    key(
      v.union([v.picklist(["auto", "never"]), count]),
      "Side in image pixels of the tiles in which larger images are predicted; never: every image is resized to the model's input, as in the paper; auto: the input's size where training cuts crops, else never.",
    ),
    "auto",
  ),
  halo: v.optional(key(countOrZero, "Pixels that neighbouring tiles share on each side."), 64),
  views: v.optional(
    key(
      v.picklist(["none", "flip", "d4"]),
      "Test-time augmentation: mean over the mirrored image (flip, 4 times the work), or also the turned one (d4, 8 times).",
    ),
    "none",
  ),
});

const output = /* @__PURE__ */ v.strictObject({
  dir: v.optional(key(text, "Where run folders are made."), "runs"),
  name: v.optional(key(text, "Name of the run folder. Default: made from preset, data set and time.")),
  previews: v.optional(key(countOrZero, "Validation images drawn into the run folder after each validation."), 4),
});

/** The one schema of YAML files, `--set`, run folders and the page. */
export const configSchema = /* @__PURE__ */ v.strictObject({
  model: v.optional(key(model, "The network."), {}),
  data: v.optional(key(data, "What it learns from."), {}),
  train: v.optional(key(train, "How it learns."), {}),
  eval: v.optional(key(evaluation, "How masks become nuclei and scores."), {}),
  output: v.optional(key(output, "Where results go."), {}),
});

/** A configuration as a user writes it: every key optional. */
export type ConfigInput = v.InferInput<typeof configSchema>;

type Parsed = v.InferOutput<typeof configSchema>;

/** A configuration with every default filled in; what a run folder keeps. */
export interface Config extends Parsed {
  model: Parsed["model"] & Required<Pick<Parsed["model"], "promptThreshold" | "trainable">>;
  train: Parsed["train"] & Required<Pick<Parsed["train"], "microBatch">>;
}

/** One data set of a configuration. */
export type DatasetConfig = Parsed["data"]["auxiliary"][number];
