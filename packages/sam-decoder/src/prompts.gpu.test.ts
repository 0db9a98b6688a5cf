import { Build } from "@ama-sam/nn";
import { clearGraph, type Device, noGrad, scope, type Tensor, tensor } from "@ama-sam/tensor";
import { Random, testDevice, worstError } from "@ama-sam/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { samDecoder } from "./config";
import { DecoderError } from "./errors";
import { MaskDecoder } from "./mask-decoder";
import { PromptEncoder, type Prompts } from "./prompt-encoder";

const config = { ...samDecoder, imageSize: 64, grid: 8, channels: 32, maskChannels: 8, mlpHidden: 32, heads: 4 };
let device: Device;
let prompts: PromptEncoder;
let decoder: MaskDecoder;
let embedding: Tensor;

beforeAll(async () => {
  device = await testDevice();
  prompts = new PromptEncoder(new Build(device, { seed: 1 }), config);
  decoder = new MaskDecoder(new Build(device, { seed: 2 }), config);
  embedding = tensor(device, new Random(5).normals(32 * 64), [1, 32, 8, 8]).keep();
});
afterAll(() => {
  clearGraph(device);
  for (const m of [prompts, decoder, embedding]) m.dispose();
});

/** Masks of some prompts on the one embedding. */
async function draw(p: Prompts): Promise<{ masks: Float32Array; iou: Float32Array }> {
  return scope(device, "draw", () =>
    noGrad(device, async () => {
      const { sparse, dense } = prompts.forward(p);
      const { masks, iou, logits } = decoder.forward({ embedding, imagePe: prompts.densePe(), sparse, dense });
      const B = Math.max(sparse?.shape[0] ?? 1, dense.shape[0]);
      expect(masks.shape).toEqual([B, 4, 32, 32]);
      expect(logits.shape).toEqual([B, 1, 32, 32]);
      return { masks: await masks.data(), iou: await iou.data() };
    }),
  );
}

const boxes: [number, number, number, number][] = [
  [0, 0, 64, 64],
  [3, 5, 20, 9],
  [40, 1, 41, 60.5],
];

test("many prompts on one image equal one by one", async () => {
  const masks = () => tensor(device, new Random(8).normals(3 * 32 * 32), [3, 1, 32, 32]);
  const points = boxes.map(([x, y]) => [[x, y] as const, [y, 7] as const]);
  const labels = [
    [1, 0],
    [-1, 1],
    [0, -1],
  ];
  const all: Prompts[] = [{ boxes }, { points, labels }, { points, labels, boxes }, { boxes, masks: masks() }];
  for (const many of all) {
    const together = await draw(many);
    for (let i = 0; i < 3; i++) {
      const plane = 32 * 32;
      const alone = await draw({
        boxes: many.boxes && [many.boxes[i]],
        points: many.points && [many.points[i]],
        labels: many.labels && [many.labels[i]],
        masks:
          many.masks && tensor(device, (await many.masks.data()).slice(i * plane, (i + 1) * plane), [1, 1, 32, 32]),
      });
      expect(worstError(together.masks.slice(4 * i * plane, 4 * (i + 1) * plane), alone.masks)).toBeLessThan(1e-5);
      expect(worstError(together.iou.slice(4 * i, 4 * i + 4), alone.iou)).toBeLessThan(1e-5);
    }
  }
});

test("prompts matter: another box gives another mask, a label too", async () => {
  const a = await draw({ boxes: [boxes[1]] });
  expect(worstError((await draw({ boxes: [boxes[2]] })).masks, a.masks)).toBeGreaterThan(1e-4);
  const point = (label: number) => draw({ points: [[[9, 9]]], labels: [[label]] });
  expect(worstError((await point(0)).masks, (await point(1)).masks)).toBeGreaterThan(1e-4);
});

test("no prompt gives no token and a dense map that broadcasts", () => {
  scope(device, "none", () => {
    const { sparse, dense } = prompts.forward();
    expect(sparse).toBeNull();
    expect(dense.shape).toEqual([1, 32, 1, 1]);
  });
});

test.each([
  ["a point outside", { points: [[[65, 3]]], labels: [[1]] }, /outside the image. Got \(65, 3\). Expected 0 to 64/],
  ["a point that is not a number", { points: [[[Number.NaN, 3]]], labels: [[1]] }, /outside the image/],
  ["a box outside", { boxes: [[-1, 0, 5, 5]] }, /outside the image. Got \(-1, 0\)/],
  ["a box corner outside", { boxes: [[0, 0, 5, 64.5]] }, /outside the image. Got \(5, 64.5\)/],
  ["points without labels", { points: [[[1, 1]]] }, /go together/],
  ["labels without points", { labels: [[1]] }, /go together/],
  [
    "too few labels",
    {
      points: [
        [
          [1, 1],
          [2, 2],
        ],
      ],
      labels: [[1]],
    },
    /2 points and 1 labels/,
  ],
  ["rows of other lengths", { points: [[[1, 1]], []], labels: [[1], []] }, /pad with label -1/],
  ["an unknown label", { points: [[[1, 1]]], labels: [[2]] }, /label is unknown/],
  ["other batches", { points: [[[1, 1]]], labels: [[1]], boxes }, /different batches. Got 1, 3/],
  ["an empty batch", { boxes: [] }, /at least 1/],
] as unknown as [string, Prompts, RegExp][])("%s is a DecoderError", (_, bad, message) => {
  expect(() => prompts.forward(bad)).toThrow(DecoderError);
  expect(() => prompts.forward(bad)).toThrow(message);
});

test("a mask prompt of another size, and parts that do not fit, are a DecoderError", () => {
  scope(device, "bad", () => {
    const zeros = (...shape: number[]) => tensor(device, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    expect(() => prompts.forward({ masks: zeros(1, 1, 64, 64) })).toThrow(/Expected \[B, 1, 32, 32\]/);
    const imagePe = prompts.densePe();
    const [dense, sparse] = [zeros(1, 32, 1, 1), zeros(3, 2, 32)];
    const bad = (input: Partial<Parameters<MaskDecoder["forward"]>[0]>) => () =>
      decoder.forward({ embedding, imagePe, dense, sparse, ...input });
    expect(bad({ embedding: zeros(1, 16, 8, 8) })).toThrow(/embedding does not fit. Got \[1, 16, 8, 8\]/);
    expect(bad({ embedding: zeros(2, 32, 8, 8) })).toThrow(/batches differ. Got embedding of 2, others of 3/);
    expect(bad({ dense: zeros(2, 32, 8, 8) })).toThrow(/Got dense of 2/);
    expect(bad({ sparse: zeros(3, 2, 16) })).toThrow(/sparse prompts have a wrong shape/);
    expect(bad({ embedding: zeros(0, 32, 8, 8), sparse: null })).toThrow(DecoderError);
    expect(bad({ embedding: zeros(1, 32, 4, 4) })).toThrow(DecoderError);
    expect(bad({ imagePe: zeros(1, 32, 4, 4) })).toThrow(DecoderError);
    expect(bad({ dense: zeros(1, 32, 4, 4) })).toThrow(DecoderError);
  });
});
