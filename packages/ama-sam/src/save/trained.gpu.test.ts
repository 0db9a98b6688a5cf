import { readFileSync } from "node:fs";
import { openCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { Build } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { AmaSam, isSamParameter } from "../model/ama-sam";
import { freeze } from "../model/freeze";
import { resolveConfig } from "../schema/resolve";
import { modelConfig } from "../schema/settings";
import { mergeCheckpoint, saveTrained } from "./save";
import { loadBase, loadTrained, savedModelInfo } from "./trained";

/** The sizes of `test/golden/checkpoints/tiny_sam.*`. */
const config = (encoder = {}) =>
  modelConfig(
    resolveConfig({
      model: {
        preset: "nano",
        overrides: {
          encoder: {
            imageSize: 128,
            patchSize: 16,
            width: 48,
            depth: 4,
            heads: 3,
            window: 3,
            globalBlocks: [1, 3],
            outChannels: 32,
            ...encoder,
          },
          samDecoder: { maskChannels: 16, depth: 2, heads: 4, mlpHidden: 64, iouHidden: 24 },
        },
      },
    }),
  );
const golden = (file: string) =>
  new Uint8Array(readFileSync(new URL(`../../../../test/golden/checkpoints/${file}`, import.meta.url)));

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

function build(seed: number, options: { decoder?: "hr" | "sam"; encoder?: object } = {}): AmaSam {
  const model = new AmaSam(new Build(device, { seed }), config(options.encoder), { decoder: options.decoder ?? "hr" });
  freeze(model, "adapters");
  return model;
}

async function values(model: AmaSam, which: (name: string) => boolean): Promise<Map<string, Float32Array>> {
  const out = new Map<string, Float32Array>();
  for (const [name, t] of model.stateDict()) if (which(name)) out.set(name, await t.data());
  return out;
}

describe("loadBase", () => {
  it.each(["tiny_sam.pth", "tiny_sam_legacy.pth", "tiny_sam.safetensors"])(
    "fills SAM's parameters from %s and keeps the others",
    async (file) => {
      const model = build(1);
      const own = await values(model, (n) => !isSamParameter(n));
      const { variant, kept } = await loadBase(model, await openCheckpoint(golden(file)));
      expect(variant).toBe(undefined);
      expect(new Set(kept)).toEqual(new Set(own.keys()));
      expect(await values(model, (n) => !isSamParameter(n))).toEqual(own);
      const stored = await openCheckpoint(golden("tiny_sam.safetensors"));
      for (const [name, data] of await values(model, isSamParameter))
        expect(data, name).toEqual((await stored.read(name)).data);
      model.dispose();
    },
  );

  it.each([
    [
      "another preset",
      { width: 96 },
      "tiny_sam.pth",
      /a checkpoint of another model\. Got a SAM \(width 48, 4 blocks.*Expected width 96.*Change model\.preset/,
    ],
    ["no SAM", {}, "odd.pth", /not a SAM checkpoint/],
  ])("refuses %s", async (_, encoder, file, message) => {
    const model = build(1, { encoder });
    await expect(loadBase(model, await openCheckpoint(golden(file)))).rejects.toThrow(message);
    model.dispose();
  });
});

describe("saveTrained", () => {
  it("leaves SAM out, and gives the same model on the same base", async () => {
    const base = golden("tiny_sam.safetensors");
    const baseSha256 = await sha256(base);
    const model = build(1);
    await loadBase(model, await openCheckpoint(base));
    const file = await saveTrained(model, { baseSha256, config: "a: 1\n", metadata: { mpp: "0.25" } });
    const opened = await openCheckpoint(file);
    expect([...opened.entries.keys()].filter((n) => isSamParameter(n) || n.startsWith("discriminator."))).toEqual([]);
    expect(savedModelInfo(opened)).toEqual({
      kind: "trained",
      baseSha256,
      config: "a: 1\n",
      metadata: { mpp: "0.25" },
    });

    const other = build(2);
    await loadBase(other, await openCheckpoint(base));
    await loadTrained(other, opened, { baseSha256 });
    const all = (n: string) => !n.startsWith("discriminator.");
    expect(await values(other, all)).toEqual(await values(model, all));

    await expect(loadTrained(other, opened, { baseSha256: "00" })).rejects.toThrow(
      /trained on another base\. Got a base with SHA-256 00/,
    );
    await expect(loadBase(other, opened)).rejects.toThrow(/only the trained part.*its base has SHA-256/);
    await expect(loadTrained(other, await openCheckpoint(base))).rejects.toThrow(/no trained part in this file/);
    const sam = build(3, { decoder: "sam" });
    await expect(loadTrained(sam, opened)).rejects.toThrow(/surplus: hr_decoder/);
    expect(savedModelInfo(await openCheckpoint(base))).toBe(null);
    for (const m of [model, other, sam]) m.dispose();
  });

  it("merged, one file is enough", async () => {
    const model = build(1);
    const opened = await openCheckpoint(await mergeCheckpoint(model, { discriminator: true }));
    expect(savedModelInfo(opened)?.kind).toBe("merged");
    const other = build(2);
    expect((await loadBase(other, opened)).kept).toEqual([]);
    expect(await values(other, () => true)).toEqual(await values(model, () => true));
    model.dispose();
    other.dispose();
  });
});
