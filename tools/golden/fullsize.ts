import type { HrDecoder } from "@ama-sam/hr-decoder";
import { Build } from "@ama-sam/nn";
import { ImageEncoder } from "@ama-sam/sam-encoder";
import {
  add,
  backward,
  type Device,
  diceFocalLossWithLogits,
  interpolateNearest,
  noGrad,
  scope,
  type Tensor,
  tensor,
} from "@ama-sam/tensor";
import { type GoldenCase, judge, type Verdict } from "@ama-sam/testing";
import { AmaSam, freeze } from "ama-sam";
import { configOf, json } from "./model-config";

const mix = (value: number): number => {
  let x = value;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
};

function fnv1a(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  return h;
}

/** The hash formula of FORMAT.md: `offset + scale * unit(name, j)`. */
export function formula(name: string, count: number, offset: number, scale: number, seed: number): Float32Array {
  const start = mix((fnv1a(name) + seed) >>> 0);
  const out = new Float32Array(count);
  for (let j = 0; j < count; j++) out[j] = offset + scale * (2 * ((mix((j + start) >>> 0) >>> 8) / 2 ** 24) - 1);
  return out;
}

interface Formula {
  seed: number;
  config: unknown;
  tensors: Record<string, { shape: number[]; offset: number; scale: number }>;
  inputs: Record<string, { shape: number[]; offset: number; scale: number }>;
}

const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** Picks `x[start::step]` along the given axes of a row-major array. */
function subsample(
  data: Float32Array,
  shape: readonly number[],
  steps: number[],
  starts: number[] = steps.map(() => 0),
): number[] {
  const out: number[] = [];
  const walk = (axis: number, base: number): void => {
    if (axis === shape.length) {
      out.push(data[base]);
      return;
    }
    for (let i = starts[axis] ?? 0; i < shape[axis]; i += steps[axis]) walk(axis + 1, base * shape[axis] + i);
  };
  walk(0, 0);
  return out;
}

/** ViT-B at 1024 x 1024 from the weight formula; prints what it took. */
export async function runFullsize(test: GoldenCase, dir: string, device: Device): Promise<Verdict[]> {
  const f: Formula = json(dir, "fullsize/formula.json");
  device.trim();
  device.resetPeak();
  const start = performance.now();
  const verdicts = test.id.endsWith("encoder") ? await encoder(test, f, device) : await decoder(test, f, device);
  const { peakBytes, reservedPeakBytes } = device.memory();
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${test.id}: ${((performance.now() - start) / 1000).toFixed(1)} s, peak ${mib(peakBytes)} MiB live, ${mib(reservedPeakBytes)} MiB reserved`,
  );
  return verdicts;
}

function inputOf(f: Formula, name: string): Float32Array {
  const { shape, offset, scale } = f.inputs[name];
  return formula(name, size(shape), offset, scale, f.seed);
}

function fillFormula(state: Map<string, Tensor>, prefix: string, f: Formula): void {
  for (const [name, p] of state) {
    const rule = f.tensors[prefix + name];
    if (!rule) throw new Error(`the formula lacks ${prefix + name}`);
    p.write(formula(prefix + name, p.size, rule.offset, rule.scale, f.seed));
  }
}

async function encoder(test: GoldenCase, f: Formula, device: Device): Promise<Verdict[]> {
  const config = configOf(f.config);
  const model = new ImageEncoder(new Build(device, { init: "none" }), config.encoder, { adapter: config.adapter });
  fillFormula(model.stateDict(), "image_encoder.", f);
  const verdicts: Verdict[] = [];
  await scope(device, "fullsize encoder", async () => {
    const taps = new Map<string, Tensor>();
    const x = tensor(device, inputOf(f, "x"), f.inputs.x.shape);
    const wanted = [...test.tensors.keys()].filter((n) => n.startsWith("tap.")).map((n) => n.slice(4));
    const y = noGrad(device, () =>
      model.forward(x, {
        tap: (name, t) => {
          if (wanted.includes(name)) taps.set(name, t.detach().keep());
        },
      }),
    );
    for (const [name, t] of taps) {
      verdicts.push(judge(test, `tap.${name}`, subsample(await t.data(), t.shape, [1, 8, 8, 1])));
      t.dispose();
    }
    const features = await y.data();
    const [, C, h, w] = y.shape;
    verdicts.push(judge(test, "out.features", subsample(features, y.shape, [1, 1, 4, 4])));
    const channel = (c: number) => features.subarray(c * h * w, (c + 1) * h * w);
    const means = Array.from({ length: C }, (_, c) => channel(c).reduce((a, b) => a + b, 0) / (h * w));
    verdicts.push(judge(test, "out.channel_mean", means));
    verdicts.push(
      judge(
        test,
        "out.channel_std",
        means.map((m, c) => Math.sqrt(channel(c).reduce((a, b) => a + (b - m) ** 2, 0) / (h * w))),
      ),
    );
  });
  model.dispose();
  return verdicts;
}

async function decoder(test: GoldenCase, f: Formula, device: Device): Promise<Verdict[]> {
  const full = configOf(f.config);
  // Only the parts behind the embedding: an encoder of one narrow block keeps the names apart and costs nothing.
  const config = { ...full, encoder: { ...full.encoder, depth: 1, width: 16, heads: 1, globalBlocks: [] } };
  const model = new AmaSam(new Build(device, { init: "none" }), config);
  freeze(model, "adapters");
  const own = new Map([...model.stateDict()].filter(([n]) => !n.startsWith("image_encoder.")));
  fillFormula(own, "", f);
  const verdicts: Verdict[] = [];
  await scope(device, "fullsize decoder", async () => {
    const features = tensor(device, inputOf(f, "features"), f.inputs.features.shape);
    const cut = (name: string) =>
      tensor(
        device,
        inputOf(f, name).map((v) => (v > 0.4 ? 1 : 0)),
        f.inputs[name].shape,
      );
    const [label, prompt] = [cut("label_score"), cut("prompt_score")];
    const coarse = model.spgen.forward(features);
    const { dense, sparse } = model.promptEncoder.forward({ masks: prompt });
    const y = (model.decoder as HrDecoder).forward({
      embedding: features,
      imagePe: model.promptEncoder.densePe(),
      sparse,
      dense,
    });
    const attrs = { weight: 0.8, smooth: 1 };
    const fine = diceFocalLossWithLogits(y.logits, label, attrs);
    const rough = diceFocalLossWithLogits(coarse, interpolateNearest(label, [256, 256]), attrs);
    const loss = add(fine, rough);
    const put = async (name: string, t: Tensor, steps?: number[], starts?: number[]) => {
      const data = await t.data();
      verdicts.push(judge(test, name, steps ? subsample(data, t.shape, steps, starts) : data));
    };
    await put("out.loss", loss);
    await put("out.loss_fine", fine);
    await put("out.loss_coarse", rough);
    await put("tap.coarse", coarse, [1, 1, 4, 4]);
    await put("tap.masks", y.masks, [1, 1, 8, 8]);
    await put("tap.iou", y.iou);
    await put("tap.f_mask", y.feature, [1, 1, 8, 8]);
    await put("tap.slice_tokens_out", y.tokens);
    await put("tap.logits", y.logits, [1, 1, 8, 8], [0, 0, 3, 5]);
    backward(loss);
    for (const name of test.tensors.keys()) {
      if (!name.startsWith("grad.")) continue;
      const p = own.get(name.slice(5));
      verdicts.push(judge(test, name, p?.grad ? await p.grad.data() : []));
    }
  });
  model.dispose();
  return verdicts;
}
