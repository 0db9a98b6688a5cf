import { domainWeights } from "@ama-sam/cgrl";
import { Adam, Build, ConvTranspose2d, Module } from "@ama-sam/nn";
import type { DecoderInput, DecoderOutput } from "@ama-sam/sam-decoder";
import { backward, clearGraph, type Device, gelu, noGrad, scope, type Tensor, tensor } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice, worstError } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { AmaSamError } from "../errors";
import { AmaSam, type AmaSamOptions, isSamParameter } from "./ama-sam";
import { type AmaSamConfig, PRESETS } from "./config";
import { freeze, type Trainable } from "./freeze";
import { type LossOptions, losses } from "./losses";

const S = 32;
const config: AmaSamConfig = {
  ...PRESETS.nano,
  encoder: {
    ...PRESETS.nano.encoder,
    imageSize: S,
    patchSize: 8,
    width: 24,
    depth: 2,
    window: 3,
    globalBlocks: [1],
    outChannels: 32,
  },
  samDecoder: { ...PRESETS.nano.samDecoder, imageSize: S, grid: 4, channels: 32, mlpHidden: 32, iouHidden: 16 },
  discriminatorHidden: 16,
};
const weights = domainWeights(1, 1);

async function using<T>(
  change: Partial<AmaSamConfig>,
  options: AmaSamOptions,
  fn: (model: AmaSam, device: Device) => Promise<T>,
): Promise<T> {
  const device = await testDevice();
  clearGraph(device);
  const before = device.memory().liveBuffers;
  const model = new AmaSam(new Build(device, { seed: 1 }), { ...config, ...change }, options);
  // Adapters start at zero: give them something, so that every gradient has a way.
  for (const [i, [name, p]] of [...model.stateDict()].entries())
    if (/adapter\.fc2/.test(name)) p.write(new Random(i).normals(p.size, 0.1));
  const result = await fn(model, device);
  model.dispose();
  expect(device.memory().liveBuffers).toBe(before);
  return result;
}

/** Two images: bright blobs on dark, and what they are. */
function batch(device: Device): { x: Tensor; label: Tensor } {
  const random = new Random(6);
  const mask = Float32Array.from({ length: 2 * S * S }, (_, i) =>
    Math.hypot((i % S) - 12, (Math.floor(i / S) % S) - (i < S * S ? 10 : 20)) < 7 ? 1 : 0,
  );
  const pixel = (i: number) => mask[Math.floor(i / (3 * S * S)) * S * S + (i % (S * S))];
  const x = Float32Array.from({ length: 2 * 3 * S * S }, (_, i) => 2 * pixel(i) - 1 + 0.2 * random.normal());
  return { x: tensor(device, x, [2, 3, S, S]), label: tensor(device, mask, [2, 1, S, S]) };
}
const flags = (device: Device, values: number[]) => tensor(device, values, [values.length], { dtype: "i32" });

/** Reads and clears the gradients by name. */
async function takeGradients(model: AmaSam): Promise<Map<string, Float32Array>> {
  const out = new Map<string, Float32Array>();
  for (const [name, p] of model.namedParameters()) {
    if (p.grad) out.set(name, await p.grad.data());
    p.grad?.dispose();
    p.grad = null;
  }
  return out;
}

test.each(["none", "grl", "cgrl"] as const)("align %s: what the domain loss alone teaches", async (align) => {
  await using({ align, lambda: 0.5 }, {}, async (model, device) => {
    freeze(model, "adapters");
    const run = (values: number[]) =>
      expectNoLeak(device, async () => {
        const isPrimary = flags(device, values);
        const { domain, embedding } = model.forward(batch(device).x, { isPrimary });
        expect(embedding.shape).toEqual([2, 32, 4, 4]);
        if (align === "none") {
          expect(domain).toBeNull();
          return null;
        }
        expect(domain?.shape).toEqual([2]);
        const { label } = batch(device);
        const l = losses(model.forward(batch(device).x, { isPrimary }), label, isPrimary, { domainWeights: weights });
        backward(l.domain as Tensor);
        return takeGradients(model);
      });
    const [primary, mixed] = [await run([1, 1]), await run([1, 0])];
    if (!primary || !mixed) return;
    const adapters = (g: Map<string, Float32Array>) => [...g].filter(([n]) => n.includes(".adapter."));
    const moved = (g: Map<string, Float32Array>) => adapters(g).some(([, v]) => v.some((x) => x !== 0));
    expect(moved(primary), "primary samples reach the encoder").toBe(align === "grl");
    expect(moved(mixed)).toBe(true);
    for (const g of [primary, mixed])
      expect(
        g.get("discriminator.fc1.weight")?.some((v) => v !== 0),
        "the discriminator learns from all",
      ).toBe(true);
    expect([...mixed.keys()].every((n) => !n.startsWith("spgen.") && !n.startsWith("hr_decoder."))).toBe(true);
  });
});

class OwnDecoder extends Module {
  readonly up: ConvTranspose2d;
  readonly out: ConvTranspose2d;

  constructor(build: Build, channels: number) {
    super(build);
    this.up = this.child("up", (b) => new ConvTranspose2d(b, channels, 8));
    this.out = this.child("out", (b) => new ConvTranspose2d(b, 8, 1));
  }

  forward({ embedding }: DecoderInput): DecoderOutput {
    return { logits: this.out.forward(gelu(this.up.forward(embedding))) };
  }
}
const own: AmaSamOptions = { decoder: (build, parts) => new OwnDecoder(build, parts.config.encoder.outChannels) };

test.each([
  ["hr", {}, 64, "hr_decoder.slice_tokens.weight"],
  ["hr, 4 slices", {}, 32, "hr_decoder.slice_tokens.weight"],
  ["sam", { decoder: "sam" }, 16, "mask_decoder.mask_tokens.weight"],
  ["own", own, 16, "decoder.up.weight"],
] as [string, AmaSamOptions, number, string][])(
  "decoder %s trains: five steps lower the loss",
  async (name, options, side, parameter) => {
    const slices = name.includes("4 slices") ? 4 : 16;
    await using({ slices }, options, async (model, device) => {
      expect(model.stateDict().has(parameter)).toBe(true);
      expect([...model.stateDict().keys()].some((n) => n.startsWith("hr_decoder."))).toBe(name.startsWith("hr"));
      freeze(model, "all");
      const adam = new Adam(model.trainable(), { lr: 3e-3 });
      const totals: number[] = [];
      for (let step = 0; step < 6; step++) {
        await expectNoLeak(device, async () => {
          const { x, label } = batch(device);
          const isPrimary = flags(device, [1, 0]);
          const output = model.forward(x, { isPrimary, recompute: ([false, true, "mlp"] as const)[step % 3] });
          expect(output.logits.shape).toEqual([2, 1, side, side]);
          const l = losses(output, label, isPrimary, { domainWeights: weights });
          totals.push(await l.total.item());
          backward(l.total);
          adam.step();
          adam.zeroGrad();
        });
      }
      expect(totals.every(Number.isFinite)).toBe(true);
      expect(totals[5]).toBeLessThan(0.97 * totals[0]);
      adam.dispose();
    });
  },
);

test("freeze: what each choice trains", async () => {
  await using({}, {}, async (model) => {
    const trained = (choice: Trainable) => {
      freeze(model, choice);
      return [...model.trainable().keys()];
    };
    const part = (n: string) => (n.includes(".adapter.") ? "adapter" : isSamParameter(n) ? "sam" : n.split(".")[0]);
    const parts = (choice: Trainable) => [...new Set(trained(choice).map(part))].sort();
    expect(parts("adapters")).toEqual(["adapter", "discriminator", "hr_decoder", "spgen"]);
    expect(parts("decoder")).toEqual(["discriminator", "hr_decoder", "spgen"]);
    expect(parts("all")).toEqual(["adapter", "discriminator", "hr_decoder", "sam", "spgen"]);
    expect(trained("all")).toHaveLength(model.namedParameters().size);
    expect(() => freeze(model, "nothing" as Trainable)).toThrow(AmaSamError);
  });
});

test("frozen parameters get no gradient in a whole step", async () => {
  await using({}, {}, async (model, device) => {
    freeze(model, "adapters");
    await expectNoLeak(device, async () => {
      const { x, label } = batch(device);
      const isPrimary = flags(device, [1, 0]);
      backward(losses(model.forward(x, { isPrimary }), label, isPrimary, { domainWeights: weights }).total);
      const grads = await takeGradients(model);
      expect([...grads.keys()].filter(isSamParameter)).toEqual([]);
      expect(grads.size).toBe(model.trainable().size);
      for (const [name, g] of grads) expect(g.every(Number.isFinite), name).toBe(true);
    });
  });
});

test("predict saves nothing and runs neither CGRL nor discriminator", async () => {
  await using({}, {}, async (model, device) => {
    freeze(model, "all");
    const x = scope(device, "batch", () => batch(device).x);
    const before = device.memory().liveBuffers;
    const y = model.predict(x);
    expect(y.domain).toBeNull();
    expect([y.logits, y.coarse, y.embedding].some((t) => t.requiresGrad)).toBe(false);
    expect(device.memory().liveBuffers - before, "only the four results stay").toBe(4);
    const trained = model.forward(x, {});
    expect(await trained.logits.data()).toEqual(await y.logits.data());
    for (const t of [y.logits, y.coarse, y.embedding, y.prompt, x]) t.dispose();
    for (const t of [trained.logits, trained.coarse, trained.embedding, trained.prompt]) t.dispose();
    clearGraph(device);
  });
});

test("eq. 6: total = fine + alpha domain + beta coarse", async () => {
  await using({}, {}, async (model, device) => {
    await scope(device, "test", () =>
      noGrad(device, async () => {
        const { x, label } = batch(device);
        const isPrimary = flags(device, [1, 0]);
        const output = model.forward(x, { isPrimary });
        const at = async (options: LossOptions) => {
          const l = losses(output, label, isPrimary, { domainWeights: weights, ...options });
          return Promise.all([l.total, l.fine, l.domain as Tensor, l.coarse].map((t) => t.item()));
        };
        for (const [alpha, beta] of [
          [1, 1],
          [0.25, 2],
          [0, 0],
        ]) {
          const [total, fine, domain, coarse] = await at({ alpha, beta });
          expect(total).toBeCloseTo(fine + alpha * domain + beta * coarse, 5);
        }
        const [, allDice] = await at({ dice: 1 });
        const [, noDice] = await at({ dice: 0 });
        const [, mixed] = await at({});
        expect(mixed).toBeCloseTo(0.8 * allDice + 0.2 * noDice, 5);
      }),
    );
  });
});

test("a label, flags or a size that do not fit are errors that say so", async () => {
  await using({}, {}, async (model, device) => {
    scope(device, "test", () => {
      const { x, label } = batch(device);
      const isPrimary = flags(device, [1, 0]);
      const output = model.forward(x, { isPrimary });
      expect(() => losses(output, label, isPrimary)).toThrow(/needs isPrimary and domainWeights/);
      expect(() => losses(output, label, null, { domainWeights: weights })).toThrow(AmaSamError);
      const one = tensor(device, new Float32Array(S * S), [1, 1, S, S]);
      expect(() => losses(output, one, isPrimary, { domainWeights: weights })).toThrow(/label does not fit/);
      expect(() => model.forward(x, { isPrimary: flags(device, [1, 0, 1]) })).toThrow(/does not match the batch/);
      expect(() => model.forward(tensor(device, new Float32Array(3 * 64), [1, 3, 8, 8]))).toThrow(/another size/);
    });
    clearGraph(device);
  });
});

test("SAM's frozen weights may be stored in f16: about the same masks, and no training of them", async () => {
  const device = await testDevice();
  const build = () => new AmaSam(new Build(device, { seed: 1, half: isSamParameter }), config);
  if (!device.abilities.f16) {
    expect(build).toThrow(/no f16/);
    return;
  }
  const half = build();
  const bytes = (m: AmaSam) => [...m.stateDict().values()].reduce((n, t) => n + t.bytes, 0);
  await using({}, {}, async (model) => {
    expect(bytes(half)).toBeLessThan(0.75 * bytes(model));
    for (const [name, p] of model.stateDict())
      half
        .stateDict()
        .get(name)
        ?.write(await p.data());
    await scope(device, "test", async () => {
      const { x } = batch(device);
      const [a, b] = [model.predict(x), half.predict(x)];
      expect(worstError(await b.embedding.data(), await a.embedding.data())).toBeLessThan(5e-3);
      expect(worstError(await b.coarse.data(), await a.coarse.data())).toBeLessThan(5e-3);
    });
    freeze(half, "adapters");
    expect(() => freeze(half, "all")).toThrow(/stored in f16 cannot be trained/);
  });
  half.dispose();
});
