import { MessageChannel, Worker } from "node:worker_threads";
import { buildSync } from "esbuild";
import { afterEach, describe, expect, test } from "vitest";
import { nodeSource, repositoryPath } from "../test-support/node-source";
import {
  createSampleLoader,
  DataError,
  defaultAugmentation,
  openDataset,
  prefetch,
  type SamplePort,
  serveSamples,
  workerSampleLoader,
} from "./index";

const root = repositoryPath("examples/data/dsb_fluo");
const options = { size: 96, augmentation: defaultAugmentation, seed: 5 };
const open: { close(): void }[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** Both ends of a channel whose far end serves the sample folder. */
function served(): SamplePort {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serveSamples(port2 as unknown as SamplePort, nodeSource(root), options);
  return port1 as unknown as SamplePort;
}

describe("workerSampleLoader", () => {
  test("gives the samples that this thread makes, in order, ahead of the reader", async () => {
    const { items } = await openDataset(nodeSource(root));
    const here = createSampleLoader(options);
    const there = workerSampleLoader([served(), served()]);
    const wanted = items.slice(0, 4);
    const got = [];
    for await (const sample of prefetch(
      wanted.map((item, index) => there(item, { epoch: 2, index })),
      { ahead: 2 },
    ))
      got.push(sample);
    for (const [index, item] of wanted.entries()) expect(got[index]).toEqual(await here(item, { epoch: 2, index }));
  });

  test("carries errors over as they are", async () => {
    const { items } = await openDataset(nodeSource(root));
    const load = workerSampleLoader([served()]);
    const error = await load({ ...items[0], imagePath: "images/none.png" }, { epoch: 0, index: 0 }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain("none.png");
    await expect(load(items[0], { epoch: 0, index: 0 })).resolves.toMatchObject({ size: 96 });
  });

  test("a worker that does not answer fails by the deadline and gets no more work", async () => {
    const { items } = await openDataset(nodeSource(root));
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    const load = workerSampleLoader([port1 as unknown as SamplePort], { deadlineMs: 50 });
    const error = await load(items[0], { epoch: 0, index: 0 }).catch((e: unknown) => e);
    expect(DataError.isInstance(error) && error.message).toMatch(/took longer than 50 ms/);
    await expect(load(items[1], { epoch: 0, index: 0 })).rejects.toThrow(/no worker is left/);
  });

  test("no port is an error", () => {
    expect(() => workerSampleLoader([])).toThrow(/\[workerSampleLoader\] no worker/);
  });

  test("a real worker thread decodes", async () => {
    const { outputFiles } = buildSync({
      entryPoints: [repositoryPath("packages/data/test-support/sample-thread.ts")],
      bundle: true,
      platform: "node",
      format: "cjs",
      write: false,
      logOverride: { "empty-import-meta": "silent" },
      define: { "import.meta.url": JSON.stringify(import.meta.url) },
    });
    const worker = new Worker(outputFiles[0].text, { eval: true, workerData: { root, options } });
    try {
      const { items } = await openDataset(nodeSource(root));
      const load = workerSampleLoader([worker as unknown as SamplePort]);
      const at = { epoch: 1, index: 3 };
      expect(await load(items[1], at)).toEqual(await createSampleLoader(options)(items[1], at));
    } finally {
      await worker.terminate();
    }
  });
});
