import { cgrl, domainLoss, grl } from "@ama-sam/cgrl";
import { HrDecoder } from "@ama-sam/hr-decoder";
import { Build, type Module } from "@ama-sam/nn";
import { type Prompts, TwoWayTransformer } from "@ama-sam/sam-decoder";
import { ImageEncoder, postprocess, preprocess } from "@ama-sam/sam-encoder";
import {
  add,
  backward,
  type Device,
  expand,
  mul,
  permute,
  reshape,
  scope,
  sum,
  type Tensor,
  tensor,
} from "@ama-sam/tensor";
import { type GoldenCase, type GoldenTensor, judge, type Verdict } from "@ama-sam/testing";
import { type AmaSam, losses } from "ama-sam";
import { configOf, fill, modelOf, weightsOf } from "./model-config";
import { upload } from "./ops";

/** What a case computed, by golden name (`out.X`, `tap.X`), and the leaves whose gradients it stores. */
interface Result {
  values: Record<string, Tensor>;
  leaves?: Record<string, Tensor>;
}

interface Context {
  test: GoldenCase;
  dir: string;
  device: Device;
  input(name: string): Tensor;
}

const missing = (name: string): Verdict => ({
  name,
  ok: false,
  worst: Number.NaN,
  allowed: 0,
  message: "not computed",
});

/** Runs one case of `models/`: every stored output, tap and gradient must be there and within its tolerance. */
export async function runModel(test: GoldenCase, dir: string, device: Device): Promise<Verdict[]> {
  const run = MODELS[test.op];
  if (!run) return [{ ...missing(test.op), message: "no such model case here" }];
  return scope(device, test.id, async () => {
    const inputs: Record<string, Tensor> = {};
    const input = (name: string) => {
      const stored = test.tensors.get(`in.${name}`);
      if (!stored) throw new Error(`the case lacks in.${name}`);
      inputs[name] ??= upload(device, stored, test.tensors.has(`grad.${name}`));
      return inputs[name];
    };
    const modules: Module[] = [];
    const context = { test, dir, device, input };
    const { values, leaves = {} } = run(context, (m) => {
      modules.push(m);
      return m;
    });
    const verdicts: Verdict[] = [];
    for (const name of test.tensors.keys()) {
      if (!name.startsWith("out.") && !name.startsWith("tap.")) continue;
      verdicts.push(await compare(test, name, values[name]));
    }
    const wanted = [...test.tensors.keys()].filter((n) => n.startsWith("grad."));
    if (wanted.length > 0) {
      backward(seeded(test, values, device));
      for (const name of wanted) {
        const leaf = inputs[name.slice(5)] ?? leaves[name.slice(5)];
        const stored = test.tensors.get(name) as GoldenTensor;
        verdicts.push(
          judge(test, name, leaf?.grad ? await leaf.grad.data() : leaf ? new Float32Array(stored.data.length) : []),
        );
        leaf?.grad?.dispose();
        if (leaf) leaf.grad = null;
      }
    }
    for (const m of modules) m.dispose();
    return verdicts;
  });
}

async function compare(test: GoldenCase, name: string, value: Tensor | undefined): Promise<Verdict> {
  if (!value) return missing(name);
  const got = await value.data();
  if (name !== "out.mask") return judge(test, name, got);
  // The mask is where logits are > 0; at |logit| < 1e-4 rounding decides, as the case's notes say.
  const logits = test.tensors.get("out.logits") as GoldenTensor;
  const truth = test.tensors.get(name) as GoldenTensor;
  const wrong = got.reduce(
    (n, v, i) => n + (Math.abs(Number(logits.data[i])) >= 1e-4 && v > 0 !== Boolean(truth.data[i]) ? 1 : 0),
    0,
  );
  return { name, ok: wrong === 0, worst: wrong, allowed: 0, message: wrong ? `${wrong} pixels differ` : "" };
}

/** The scalar whose gradient is stored: `out.loss`, or the outputs weighted with the stored upstream gradients. */
function seeded(test: GoldenCase, values: Record<string, Tensor>, device: Device): Tensor {
  const parts = [...test.tensors.entries()].filter(([n]) => n.startsWith("gout."));
  if (parts.length === 0) return values["out.loss"];
  const terms = parts.map(([name, g]) => {
    const y = values[`out.${name.slice(5)}`];
    return sum(mul(reshape(y, [y.size]), tensor(device, g.data as Float32Array, [y.size])));
  });
  return terms.reduce((a, b) => add(a, b));
}

type Keep = <M extends Module>(module: M) => M;
type Run = (context: Context, keep: Keep) => Result;

/** The case's model; weights that the case carries as inputs become the leaves. */
function wholeModel({ test, dir, device }: Context, keep: Keep): { model: AmaSam; leaves: Record<string, Tensor> } {
  const model = keep(modelOf(test, dir, device));
  return { model, leaves: Object.fromEntries(model.stateDict()) };
}

function promptsOf({ test, input }: Context): Prompts {
  const rows = (name: string, size: number[]): number[][] | undefined => {
    const t = test.tensors.get(`in.${name}`);
    if (!t) return undefined;
    const [batch, per] = [t.shape[0], size.reduce((a, b) => a * b, 1)];
    return Array.from({ length: batch }, (_, b) =>
      Array.from(t.data.slice(b * per, (b + 1) * per) as ArrayLike<number>, Number),
    );
  };
  const count = test.tensors.get("in.labels")?.shape[1] ?? 0;
  const points = rows("points", [count, 2])?.map((flat) =>
    Array.from({ length: count }, (_, i) => [flat[2 * i], flat[2 * i + 1]] as const),
  );
  const labels = rows("labels", [count]);
  const boxes = rows("boxes", [4]) as unknown as Prompts["boxes"];
  return { points, labels, boxes, masks: test.tensors.has("in.masks") ? input("masks") : undefined };
}

const MODELS: Record<string, Run> = {
  image_encoder: (c, keep) => {
    const adapters = c.test.attrs.adapters;
    const config = configOf(c.test.attrs.config);
    const encoder = keep(
      new ImageEncoder(new Build(c.device, { init: "none" }), config.encoder, {
        adapter: adapters ? config.adapter : null,
      }),
    );
    fill(encoder, weightsOf(c.dir, c.test.attrs.weights), "image_encoder.");
    const leaves = Object.fromEntries([...encoder.stateDict()].map(([n, p]) => [`image_encoder.${n}`, p]));
    for (const [name, p] of Object.entries(leaves)) p.requiresGrad = name.includes(".adapter.");
    const values: Record<string, Tensor> = {};
    values["out.features"] = encoder.forward(c.input("x"), {
      tap: (name, t) => (values[`tap.${name}`] = t.detach().keep()),
    });
    return { values, leaves };
  },
  encoder_block: (c, keep) => {
    const { model, leaves } = wholeModel(c, keep);
    return { values: { "out.y": model.imageEncoder.blocks[c.test.attrs.block].forward(c.input("x")) }, leaves };
  },
  prompt_encoder: (c, keep) => {
    const { model } = wholeModel(c, keep);
    const { sparse, dense } = model.promptEncoder.forward(promptsOf(c));
    const shape = c.test.tensors.get("out.dense")?.shape as number[];
    const empty = tensor(c.device, [], [shape[0], 0, shape[1]]);
    return { values: { "out.sparse": sparse ?? empty, "out.dense": expand(dense, shape) } };
  },
  dense_pe: (c, keep) => ({ values: { "out.pe": wholeModel(c, keep).model.promptEncoder.densePe() } }),
  mask_decoder: (c, keep) => {
    const { model } = wholeModel(c, keep);
    const { sparse, dense } = model.promptEncoder.forward(promptsOf(c));
    const embedding = c.input("image");
    const { masks, iou, feature } = model.maskDecoder.forward({
      embedding,
      imagePe: model.promptEncoder.densePe(),
      sparse,
      dense,
    });
    const none = tensor(c.device, [], [embedding.shape[0], 0, embedding.shape[1]]);
    return { values: { "out.masks": masks, "out.iou": iou, "out.feature": feature, "tap.sparse": sparse ?? none } };
  },
  two_way_transformer: (c, keep) => {
    const { dim, heads, mlp, depth } = c.test.attrs;
    const net = keep(
      new TwoWayTransformer(new Build(c.device, { init: "none" }), { channels: dim, depth, heads, mlpHidden: mlp }),
    );
    fill(net, c.test.tensors, "in.");
    net.requiresGrad(false);
    const image = c.input("image_in");
    const y = net.forward(image, c.input("image_pe"), c.input("tokens_in"));
    return { values: { "out.tokens": y.tokens, "out.image": reshape(permute(y.image, [0, 2, 1]), image.shape) } };
  },
  spgen: (c, keep) => {
    const { model, leaves } = wholeModel(c, keep);
    return { values: { "out.coarse": model.spgen.forward(c.input("features")) }, leaves };
  },
  hr_decoder: (c, keep) => {
    const perToken = c.test.attrs.slice_mlp === "per_token";
    const config = configOf(c.test.attrs.config);
    const { model } = wholeModel(c, keep);
    const hr = perToken
      ? keep(
          new HrDecoder(
            new Build(c.device, { init: "none" }),
            { channels: config.encoder.outChannels, slices: config.slices, sliceMlp: "per_token" },
            model.maskDecoder,
          ),
        )
      : (model.decoder as HrDecoder);
    if (perToken) fill(hr, c.test.tensors, "in.");
    const leaves = Object.fromEntries([...hr.stateDict()].map(([n, p]) => [perToken ? n : `hr_decoder.${n}`, p]));
    const [features, fMask, tokens] = [c.input("features"), c.input("f_mask"), c.input("tokens")];
    const slices = hr.slices(features, fMask, tokens);
    const r = Math.sqrt(config.slices);
    const values: Record<string, Tensor> = { "tap.slices": slices, "out.logits": shuffle(slices, r) };
    if (!perToken)
      Object.assign(values, { "tap.embed": hr.embed.forward(features), "tap.slice_vectors": hr.sliceVectors(tokens) });
    return { values, leaves };
  },
  decode: (c, keep) => {
    const { model, leaves } = wholeModel(c, keep);
    const { dense, sparse } = model.promptEncoder.forward({ masks: c.input("prompt") });
    const y = (model.decoder as HrDecoder).forward({
      embedding: c.input("image"),
      imagePe: model.promptEncoder.densePe(),
      sparse,
      dense,
    });
    return {
      values: {
        "out.logits": y.logits,
        "tap.masks": y.masks,
        "tap.iou": y.iou,
        "tap.f_mask": y.feature,
        "tap.slice_tokens_out": y.tokens,
      },
      leaves,
    };
  },
  domain_branch: (c, keep) => {
    const { model, leaves } = wholeModel(c, keep);
    const { align, lambda, w_main, w_aux } = c.test.attrs;
    const flags = c.input("is_primary");
    const features = c.input("features");
    const logit = model.discriminator.forward(align === "cgrl" ? cgrl(features, flags, lambda) : grl(features, lambda));
    return {
      values: { "tap.logit": logit, "out.loss": domainLoss(logit, flags, { primary: w_main, auxiliary: w_aux }) },
      leaves,
    };
  },
  preprocess: ({ test, device }) => {
    const stored = test.tensors.get("in.image") as GoldenTensor;
    const [height, width] = stored.shape;
    return {
      values: {
        "out.x": preprocess(device, [{ width, height, data: stored.data as Uint8Array }], { size: test.attrs.size }),
      },
    };
  },
  postprocess: (c) => {
    const [height, width] = c.test.attrs.size;
    const logits = postprocess(c.input("logits"), height, width);
    return { values: { "out.logits": logits, "out.mask": logits } };
  },
  full_model: (c, keep) => {
    const { model, leaves } = wholeModel(c, keep);
    if (c.test.attrs.adapter_fc2_zero) {
      for (const [name, p] of model.stateDict()) if (name.includes(".adapter.fc2.")) p.write(new Float32Array(p.size));
    }
    return { values: wholePass(c, model), leaves };
  },
};

function shuffle(slices: Tensor, r: number): Tensor {
  const [B, , h, w] = slices.shape;
  return reshape(permute(reshape(slices, [B, r, r, h, w]), [0, 3, 1, 4, 2]), [B, 1, r * h, r * w]);
}

/** Images to losses, with every tap. */
function wholePass({ test, device, input }: Context, model: AmaSam): Record<string, Tensor> {
  const images = test.tensors.get("in.images") as GoldenTensor;
  const [n, height, width] = images.shape;
  const bytes = images.data as Uint8Array;
  const x = preprocess(
    device,
    Array.from({ length: n }, (_, i) => ({
      width,
      height,
      data: bytes.subarray(i * height * width * 3, (i + 1) * height * width * 3),
    })),
    { size: width },
  );
  const masks = test.tensors.get("in.masks") as GoldenTensor;
  const label = tensor(device, Float32Array.from(masks.data as Uint8Array), [n, 1, height, width]);
  const isPrimary = input("is_primary");
  const y = model.forward(x, { isPrimary });
  const weights = { primary: test.attrs.w_main, auxiliary: test.attrs.w_aux };
  const { alpha, beta } = test.attrs.config;
  const l = losses(y, label, isPrimary, { alpha, beta, domainWeights: weights });
  const zero = tensor(device, [0], []);
  const tokens = (model.decoder as HrDecoder).forward({
    embedding: y.embedding.detach(),
    imagePe: model.promptEncoder.densePe(),
    ...model.promptEncoder.forward({ masks: y.prompt }),
  }).tokens;
  return {
    "out.loss": l.total,
    "out.loss_fine": l.fine,
    "out.loss_coarse": l.coarse,
    "out.loss_domain": l.domain ?? zero,
    "tap.features": y.embedding,
    "tap.coarse": y.coarse,
    "tap.prompt": y.prompt,
    "tap.slice_tokens_out": tokens,
    "tap.logits": y.logits,
    ...(y.domain ? { "tap.domain_logit": y.domain } : {}),
  };
}
