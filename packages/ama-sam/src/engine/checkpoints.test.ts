import { openCheckpoint } from "@ama-sam/checkpoint";
import { describe, expect, it } from "vitest";
import { Checkpoints, type LoadedCheckpoint } from "./checkpoints";
import { newGuard } from "./nan-guard";
import { memoryStorage } from "./storage";
import { progressVersion, type TrainerState } from "./trainer-state";

const state = (step: number): TrainerState => ({
  progress: {
    version: progressVersion,
    step,
    closed: 0,
    stepsPerEpoch: 5,
    guard: newGuard(),
    best: { score: 0.5, step: 3 },
  },
  learner: {
    updates: step,
    weights: new Map([["w", { shape: [2], data: Float32Array.of(step, -0) }]]),
    moments: new Map([["w.m", { shape: [2], data: Float32Array.of(step / 3, 1e-40) }]]),
  },
});
const strip = (found: object | null) => {
  const { path: _, damaged: __, safe: ___, ...rest } = found as LoadedCheckpoint;
  return rest;
};

describe("Checkpoints", () => {
  it("gives back what was saved, to the bit, under last and best", async () => {
    const checkpoints = new Checkpoints(memoryStorage(), { metadata: { note: "x" } });
    expect(await checkpoints.load()).toBe(null);
    await checkpoints.save(state(3), { best: true });
    await checkpoints.save(state(5));
    expect(strip(await checkpoints.load())).toEqual(state(5));
    expect(strip(await checkpoints.load("best"))).toEqual(state(3));
  });

  it("keeps the newest, the best and nothing else", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints = new Checkpoints(memoryStorage(files), { keep: 2 });
    for (const step of [1, 2, 3, 4, 5, 6]) await checkpoints.save(state(step), { best: step === 2 });
    await checkpoints.save(state(6));
    const folders = new Set([...files.keys()].map((f) => f.split("/")[1]));
    expect(folders).toEqual(new Set(["last.json", "best.json", "step-00000002", "step-00000006", "step-00000006-1"]));
    const file = await openCheckpoint(files.get("checkpoints/step-00000006/model.safetensors")!);
    expect([...file.entries.keys()]).toEqual(["w"]);
  });

  it("keeps the one that bad steps go back to as long as a kept one names it", async () => {
    const storage = memoryStorage();
    const checkpoints = new Checkpoints(storage, { keep: 1 });
    const { path: safe } = await checkpoints.save(state(1));
    await checkpoints.save(state(2), { safe });
    await checkpoints.save(state(3), { safe });
    expect((await checkpoints.load())?.safe).toEqual({ step: 1, learner: state(1).learner, path: safe });
    expect(await storage.list("checkpoints/step-00000002")).toEqual([]);
    await storage.write(`${safe}/model.safetensors`, new Uint8Array(3));
    const found = await checkpoints.load();
    expect([found?.safe?.step, found?.damaged]).toEqual([3, [expect.stringContaining(`${safe}: model`)]]);
    await checkpoints.save(state(4));
    expect(await storage.list(safe)).toEqual([]);
    expect((await checkpoints.load())?.safe?.step).toBe(4);
    await checkpoints.save(state(5), { safe: null });
    expect((await checkpoints.load())?.safe).toBe(null);
  });

  it("falls back to the newest whole checkpoint, and says what is damaged", async () => {
    for (const name of ["model.safetensors", "optimiser.safetensors", "state.json"]) {
      for (const damage of ["flip", "cut", "gone"]) {
        const files = new Map<string, Uint8Array>();
        const checkpoints = new Checkpoints(memoryStorage(files));
        await checkpoints.save(state(1));
        await checkpoints.save(state(2));
        const path = `checkpoints/step-00000002/${name}`;
        const bytes = files.get(path)!;
        if (damage === "gone") files.delete(path);
        else if (damage === "cut") files.set(path, bytes.slice(0, bytes.length - 3));
        else bytes[name === "state.json" ? 0 : bytes.length - 1]! ^= 1;
        const found = await checkpoints.load();
        expect(strip(found), `${name} ${damage}`).toEqual(state(1));
        expect(found?.damaged).toHaveLength(1);
      }
    }
  });

  it("refuses when all are damaged, when the version is another", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints = new Checkpoints(memoryStorage(files));
    await checkpoints.save(state(1));
    files.get("checkpoints/step-00000001/model.safetensors")!.reverse();
    await expect(checkpoints.load()).rejects.toThrow(/no readable checkpoint.*model\.safetensors is damaged/);
    const other = new Checkpoints(memoryStorage());
    const old = state(1);
    await other.save({ ...old, progress: { ...old.progress, version: 99 } });
    await expect(other.load()).rejects.toThrow(/another version \(99\)/);
  });

  it("a disk that is full or lies leaves the one before in place", async () => {
    for (const fault of ["full", "lies"]) {
      for (let at = 0; at < 4; at++) {
        const inner = memoryStorage();
        await new Checkpoints(inner).save(state(1));
        let writes = 0;
        const storage = {
          ...inner,
          write: async (path: string, bytes: Uint8Array) => {
            if (writes++ !== at) return inner.write(path, bytes);
            if (fault === "full") throw new Error("ENOSPC: no space left on device");
            await inner.write(path, bytes.slice(0, bytes.length >> 1));
          },
        };
        if (fault === "lies" && at === 3) continue; // a torn last.json: see below
        await expect(new Checkpoints(storage).save(state(2))).rejects.toThrow(
          /could not be written.*The one before is still there/,
        );
        expect(strip(await new Checkpoints(inner).load())).toEqual(state(1));
        expect((await inner.list("checkpoints")).filter((f) => f.includes("step-00000002"))).toEqual([]);
      }
    }
  });

  it("a torn or strange last.json is no harm", async () => {
    for (const text of ["", "{", '{"path": 3}', '{"path": "../../etc"}', '{"path": "step-00000009"}']) {
      const files = new Map<string, Uint8Array>();
      await new Checkpoints(memoryStorage(files)).save(state(4));
      files.set("checkpoints/last.json", new TextEncoder().encode(text));
      expect(strip(await new Checkpoints(memoryStorage(files)).load())).toEqual(state(4));
    }
  });
});
