import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng } from "@ama-sam/data";
import { type GoldenTensor, goldenCase, goldenDir, judge, readTensors } from "@ama-sam/testing";
import { type ConfigInput, configToYaml } from "ama-sam";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "./cli";
import { parseCsv } from "./output/csv";
import { testIo } from "./test-io";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-golden-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const golden = goldenCase("training/run");
const { attrs } = golden;
const stored = (name: string) => golden.tensors.get(name) as GoldenTensor;
const [images, masks, flags, order] = ["in.images", "in.masks", "in.is_primary", "in.order"].map(stored) as [
  GoldenTensor,
  GoldenTensor,
  GoldenTensor,
  GoldenTensor,
];
const [count, height, width] = images.shape as [number, number, number, number];
const setOf = (i: number) => (Number(flags.data[i]) === 1 ? "primary" : "auxiliary");
const idOf = (i: number) => `image-${String(i).padStart(2, "0")}`;

/** The case as a person would have it: two data sets, a checkpoint, a configuration and the order of the batches. */
async function writeCase(): Promise<void> {
  const pixels = width * height;
  for (let i = 0; i < count; i++) {
    const part = (of: GoldenTensor, channels: number) =>
      (of.data as Uint8Array).slice(i * pixels * channels, (i + 1) * pixels * channels);
    for (const [folder, channels, data] of [
      ["images", 3, part(images, 3)],
      ["masks", 1, part(masks, 1).map((v) => 255 * v)],
    ] as const) {
      await mkdir(join(root, setOf(i), folder), { recursive: true });
      const png = encodePng({ width, height, channels, bitDepth: 8, data });
      await writeFile(join(root, setOf(i), folder, `${idOf(i)}.png`), png);
    }
  }
  const batches = Array.from({ length: attrs.steps }, (_, k) =>
    Array.from({ length: attrs.batch }, (_, j) => Number(order.data[k * attrs.batch + j])).map(
      (i) => `${setOf(i)}/${idOf(i)}`,
    ),
  );
  await writeFile(join(root, "order.json"), JSON.stringify({ stepsPerEpoch: attrs.steps_per_epoch, batches }));
  await cp(join(goldenDir(), attrs.weights), join(root, "weights.safetensors"));
  const { sam, ...model } = attrs.config;
  const config: ConfigInput = {
    model: {
      preset: "nano",
      trainable: "adapters",
      align: model.align,
      lambda: model.grl_lambda,
      promptThreshold: model.prompt_threshold,
      init: { checkpoint: "weights.safetensors" },
      overrides: {
        encoder: {
          imageSize: sam.img,
          patchSize: sam.patch,
          width: sam.dim,
          depth: sam.depth,
          heads: sam.heads,
          mlpRatio: sam.mlp_ratio,
          window: sam.window,
          globalBlocks: sam.global_at,
          outChannels: sam.out_chans,
        },
        samDecoder: {
          maskChannels: sam.mask_in_chans,
          depth: sam.dec_depth,
          heads: sam.dec_heads,
          mlpHidden: sam.dec_mlp,
          iouHidden: sam.iou_hidden,
          iouDepth: sam.iou_depth,
        },
        adapter: { ratio: model.adapter_ratio, scale: model.adapter_scale },
        slices: model.n_slices,
        sliceMlp: model.slice_mlp,
        discriminatorHidden: model.disc_hidden,
      },
    },
    data: {
      primary: { path: "primary" },
      auxiliary: [{ path: "auxiliary" }],
      validation: { fraction: 0 },
      augment: "none",
      sampler: { order: "order.json" },
    },
    train: {
      epochs: attrs.steps / attrs.steps_per_epoch,
      batch: attrs.batch,
      lr: attrs.lr,
      decay: attrs.decay,
      betas: attrs.betas,
      eps: attrs.eps,
      alpha: model.alpha,
      beta: model.beta,
      checkpointEvery: 1,
      keepCheckpoints: 2 * attrs.steps, // the probes save some of their own
    },
  };
  await writeFile(join(root, "golden.yaml"), configToYaml(config));
}

test("20 steps by the command have the losses and weights that PyTorch computed", async () => {
  await writeCase();
  const io = testIo(root, process.env);
  const code = await main(["train", "golden.yaml", "--out", "run"], io);
  expect([code, io.stderr()]).toEqual([0, expect.stringContaining(`step ${attrs.steps}/${attrs.steps}`)]);

  const [header, ...rows] = parseCsv(await readFile(join(root, "run/metrics.csv"), "utf8"));
  const log = rows.flatMap((row) => (attrs.log_columns as string[]).map((name) => Number(row[header!.indexOf(name)])));
  const verdicts = [judge(golden, "out.log", log)];
  for (const name of golden.tensors.keys()) {
    const [, step, parameter] = /^out\.step(\d+)\.(.+)$/.exec(name) ?? [];
    if (step === undefined || parameter === undefined) continue;
    const folder = `step-${step.padStart(8, "0")}`;
    const weights = readTensors(join(root, "run/checkpoints", folder, "model.safetensors"));
    verdicts.push(judge(golden, name, weights.get(parameter)?.data ?? []));
  }
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  expect(verdicts.length).toBeGreaterThan(90);
});
