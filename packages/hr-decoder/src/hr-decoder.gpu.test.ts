import { Build, stateShapes } from "@ama-sam/nn";
import { MaskDecoder, PromptEncoder, samDecoder } from "@ama-sam/sam-decoder";
import { backward, clearGraph, mean, scope, square, tensor } from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { HrDecoderError } from "./errors";
import { HrDecoder } from "./hr-decoder";

const config = { ...samDecoder, imageSize: 32, grid: 4, channels: 32, mlpHidden: 32, heads: 4 };

test("names and shapes at SAM's sizes; the mask decoder's are not among them", () => {
  const at = (sliceMlp: "shared" | "per_token") =>
    stateShapes((b) => new HrDecoder(b, { channels: 256, sliceMlp }, new MaskDecoder(b, samDecoder)));
  const shared = at("shared");
  expect(shared.get("slice_tokens.weight")).toEqual([16, 256]);
  expect(shared.get("embed.0.weight")).toEqual([256, 64, 2, 2]);
  expect(shared.get("embed.3.weight")).toEqual([64, 32, 2, 2]);
  expect(shared.get("slice_mlp.layers.2.weight")).toEqual([32, 256]);
  expect(shared.size).toBe(1 + 6 + 6);
  expect(at("per_token").size).toBe(1 + 6 + 16 * 6);
  expect(at("per_token").get("slice_mlp.15.layers.0.weight")).toEqual([256, 256]);
});

test.each([4, 9, 16])(
  "%i slices draw at r times the mask decoder's size and train, SAM's part frozen",
  async (slices) => {
    const device = await testDevice();
    const mask = new MaskDecoder(new Build(device, { seed: 1 }), config).requiresGrad(false);
    const prompts = new PromptEncoder(new Build(device, { seed: 2 }), config).requiresGrad(false);
    const hr = new HrDecoder(new Build(device, { seed: 3 }), { channels: 32, slices, sliceMlp: "per_token" }, mask);
    const r = Math.sqrt(slices);
    await scope(device, "test", async () => {
      const embedding = tensor(device, new Random(1).normals(2 * 32 * 16), [2, 32, 4, 4]);
      const { sparse, dense } = prompts.forward({});
      const out = hr.forward({ embedding, imagePe: prompts.densePe(), sparse, dense });
      expect(out.logits.shape).toEqual([2, 1, 16 * r, 16 * r]);
      expect(out.tokens.shape).toEqual([2, slices, 32]);
      expect(out.masks.shape).toEqual([2, 4, 16, 16]);
      backward(mean(square(out.logits)));
      for (const [name, p] of hr.namedParameters()) {
        expect(
          (await p.grad?.data())?.some((v) => v !== 0),
          `${name} learns`,
        ).toBe(true);
        p.grad?.dispose();
      }
      for (const p of mask.namedParameters().values()) expect(p.grad).toBeNull();
    });
    clearGraph(device);
    for (const m of [mask, prompts, hr]) m.dispose();
  },
);

test("a slice count that is no square is refused before anything is built", () => {
  expect(() => stateShapes((b) => new HrDecoder(b, { channels: 32, slices: 12 }, new MaskDecoder(b, config)))).toThrow(
    HrDecoderError,
  );
});
