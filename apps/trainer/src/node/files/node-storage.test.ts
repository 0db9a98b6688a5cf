import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkpoints } from "ama-sam";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandError, explain } from "../errors";
import { setFaults } from "../faults";
import { SimulatedCrash, type WriteStage, writeAtomic } from "./atomic-write";
import { NodeStorage } from "./node-storage";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-storage-"));
});
afterEach(async () => {
  setFaults(undefined);
  await rm(root, { recursive: true, force: true });
});

/** Root is told that no folder can be made in /proc, others may not try. */
const REFUSED = /no folder can be made in|EACCES|EPERM|no permission/;
const STAGES: WriteStage[] = ["opened", "half", "written", "synced", "renamed", "done"];

describe("writeAtomic", () => {
  test.each(STAGES)("a crash when the file is %s leaves the old content or the new, whole", async (stage) => {
    const path = join(root, "state.json");
    await writeAtomic(path, "old content");
    setFaults((point) => {
      if (point.startsWith(`write:${stage}:`)) throw new SimulatedCrash();
    });
    await expect(writeAtomic(path, "new content, longer")).rejects.toBeInstanceOf(SimulatedCrash);
    setFaults(undefined);
    const renamed = stage === "renamed" || stage === "done";
    expect(await readFile(path, "utf8")).toBe(renamed ? "new content, longer" : "old content");
    expect((await readdir(root)).length).toBe(renamed ? 1 : 2);
    await NodeStorage.open(root, { resume: true });
    expect(await readdir(root)).toEqual(["state.json"]);
  });

  test("an ordinary error removes the temporary file and keeps the old content", async () => {
    const path = join(root, "a");
    await writeAtomic(path, "old");
    async function* failing() {
      yield new Uint8Array(3);
      throw new Error("no more");
    }
    await expect(writeAtomic(path, failing())).rejects.toThrow("no more");
    expect(await readdir(root)).toEqual(["a"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  test.runIf(process.platform === "linux")("a folder that can never be made is refused at once", async () => {
    const refused = await writeAtomic("/proc/x/report.html", "x").catch((error) => error);
    expect(explain(refused)).toMatchObject({ message: expect.stringMatching(REFUSED), exitCode: 1 });
  });
});

describe("NodeStorage", () => {
  test("refuses a folder that is not empty, and one that holds no run for --overwrite", async () => {
    await writeFile(join(root, "mine.txt"), "precious");
    await expect(NodeStorage.open(root)).rejects.toThrow(/not empty/);
    await expect(NodeStorage.open(root, { overwrite: true })).rejects.toThrow(/holds no run/);
    expect(await readdir(root)).toEqual(["mine.txt"]);
    await writeFile(join(root, "config.yaml"), "");
    await NodeStorage.open(root, { overwrite: true });
    expect(await readdir(root)).toEqual([]);
  });

  test("an evaluation takes the place of another one, never of a training run", async () => {
    const holds = "evaluation";
    await writeFile(join(root, "per-image.csv"), "");
    await expect(NodeStorage.open(root, { holds })).rejects.toThrow(/not empty/);
    await NodeStorage.open(root, { holds, overwrite: true });
    expect(await readdir(root)).toEqual([]);
    for (const file of ["config.yaml", "per-image.csv", "model.safetensors"]) await writeFile(join(root, file), "");
    for (const overwrite of [false, true])
      await expect(NodeStorage.open(root, { holds, overwrite })).rejects.toThrow(/holds a training run/);
    expect(await readdir(root)).toHaveLength(3);
  });

  test("makes the folders above a run, and says why it cannot", async () => {
    const storage = await NodeStorage.open(join(root, "a/b/run"));
    expect(await storage.list("")).toEqual([]);
    await writeFile(join(root, "file"), "");
    await expect(NodeStorage.open(join(root, "file/run"))).rejects.toThrow(/file: this is a file/);
    if (process.platform === "linux") await expect(NodeStorage.open("/proc/run")).rejects.toThrow(REFUSED);
  });

  test("keeps the contract of RunStorage", async () => {
    const storage = await NodeStorage.open(join(root, "run"));
    const bytes = Uint8Array.of(1, 2, 3);
    await storage.write("a/b.bin", bytes);
    await storage.append("a/log.txt", bytes);
    await storage.append("a/log.txt", bytes);
    expect(await storage.list("a")).toEqual(["a/b.bin", "a/log.txt"]);
    expect(await storage.list("nothing")).toEqual([]);
    expect([...(await storage.read("a/log.txt"))]).toEqual([1, 2, 3, 1, 2, 3]);
    expect([await storage.exists("a/b.bin"), await storage.exists("c")]).toEqual([true, false]);
    await storage.remove("a");
    await storage.remove("a");
    await expect(storage.read("a/b.bin")).rejects.toThrow();
  });

  test("checkpoints survive a crash at every write: one of them is always whole", async () => {
    const tensor = (x: number) => new Map([["w", { shape: [2], data: Float32Array.of(x, x) }]]);
    const state = (step: number) => ({
      progress: {
        version: 1,
        step,
        closed: step,
        stepsPerEpoch: 5,
        guard: { inARow: 0, skipped: 0, rollbacks: 0, images: [] },
        best: null,
      },
      learner: { updates: step, weights: tensor(step), moments: tensor(-step) },
    });
    let writes = 0;
    for (let crashAt = 0; crashAt < 24; crashAt++) {
      const folder = join(root, `run-${crashAt}`);
      const storage = await NodeStorage.open(folder);
      await new Checkpoints(storage).save(state(5), { best: true });
      writes = 0;
      setFaults(() => {
        if (writes++ === crashAt) throw new SimulatedCrash();
      });
      const crashed = await new Checkpoints(storage).save(state(10), { best: true }).then(
        () => false,
        () => true,
      );
      setFaults(undefined);
      const after = await NodeStorage.open(folder, { resume: true });
      const found = await new Checkpoints(after).load();
      expect(found?.progress.step, `crash at ${crashAt}`).toBeOneOf([5, 10]);
      expect([...found!.learner.weights.get("w")!.data]).toEqual([found!.progress.step, found!.progress.step]);
      if (!crashed) break;
    }
    expect(writes).toBeGreaterThan(10);
  });

  test("a folder that cannot be written is told as such", async () => {
    await mkdir(join(root, "run"));
    await writeFile(join(root, "run/file"), "");
    const storage = await NodeStorage.existing(join(root, "run"));
    const refused = await storage.write("file/below", "x").catch((error) => error);
    expect(CommandError.isInstance(refused) && refused.message).toMatch(/run\/file: this is a file/);
  });
});
