import { openCheckpoint, writeSafetensors } from "@ama-sam/checkpoint";
import { testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { ModuleError } from "./errors";
import { Mlp } from "./layers/mlp";
import { Build } from "./module";
import { loadStateDict, saveStateDict } from "./state";

const build = async (seed: number) => new Mlp(new Build(await testDevice(), { seed }), 3, 4, 2, 2);

test("save and load give the same bits, with metadata", async () => {
  const [a, b] = [await build(1), await build(2)];
  const bytes = await saveStateDict(a.stateDict(), { kind: "test" });
  const opened = await openCheckpoint(bytes);
  expect(opened.metadata.get("kind")).toBe("test");
  const seen: string[] = [];
  await loadStateDict(b, opened, { onProgress: (done, total) => seen.push(`${done}/${total}`) });
  expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  for (const [name, t] of a.stateDict()) expect(await b.stateDict().get(name)?.data()).toEqual(await t.data());
  a.dispose();
  b.dispose();
});

test("missing, surplus and misshapen names come in one error with the nearest names, and nothing is written", async () => {
  const m = await build(3);
  const before = await m.layers[0].weight.data();
  const zeros = (shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  const opened = await openCheckpoint(
    writeSafetensors({
      "layers.0.weight": zeros([4, 3]),
      "layers.0.bias": zeros([5]),
      "layer.1.weight": zeros([2, 4]),
      extra: zeros([1]),
    }),
  );
  const error = await loadStateDict(m, opened).then(
    () => null,
    (e: unknown) => e,
  );
  expect(ModuleError.isInstance(error)).toBe(true);
  const text = String(error);
  expect(text).toContain("2 missing: layers.1.weight, layers.1.bias");
  expect(text).toContain("2 surplus:");
  expect(text).toContain("layers.0.bias is [5], expected [4]");
  expect(text).toContain("layers.1.weight: did you mean layer.1.weight?");
  expect(await m.layers[0].weight.data()).toEqual(before);
  m.dispose();
});

test("64-bit whole numbers are refused before anything is written", async () => {
  const m = await build(4);
  const before = await m.layers[0].weight.data();
  const tensors = [...m.stateDict()].map(([name, t], i) => {
    const whole = i === 3;
    return [
      name,
      { shape: t.shape, data: whole ? new BigInt64Array(t.size) : new Float32Array(t.size).fill(7) },
    ] as const;
  });
  const opened = await openCheckpoint(writeSafetensors(new Map(tensors)));
  await expect(loadStateDict(m, opened)).rejects.toThrow(
    "64-bit whole numbers where the model has f32. Got layers.1.bias.",
  );
  expect(await m.layers[0].weight.data()).toEqual(before);
  m.dispose();
});

test("allowed gaps keep their values; names can be mapped; f16 in the file becomes f32", async () => {
  const m = await build(4);
  const bias = await m.layers[1].bias?.data();
  const opened = await openCheckpoint(
    writeSafetensors({
      "net.layers.0.weight": { shape: [4, 3], dtype: "f16", data: new Uint16Array(12).fill(0x3c00) },
      "net.layers.0.bias": { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
      "net.layers.1.weight": { shape: [2, 4], data: new Float32Array(8).fill(5) },
      other: { shape: [1], data: Float32Array.of(0) },
    }),
  );
  await loadStateDict(m, opened, {
    rename: (name) => `net.${name}`,
    allowMissing: (name) => name === "layers.1.bias",
    allowSurplus: (name) => name === "other",
  });
  expect((await m.layers[0].weight.data()).every((v) => v === 1)).toBe(true);
  expect([...((await m.layers[0].bias?.data()) ?? [])]).toEqual([1, 2, 3, 4]);
  expect(await m.layers[1].bias?.data()).toEqual(bias);
  m.dispose();
});
