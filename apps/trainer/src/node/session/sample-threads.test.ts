import { createSampleLoader, type TrainingSample } from "@ama-sam/data";
import { augmentation, resolveConfig } from "ama-sam";
import { afterEach, describe, expect, test } from "vitest";
import { openRunData } from "./open-data";
import { type SampleThreads, type SampleThreadsOptions, sampleThreads } from "./sample-threads";

const examples = new URL("../../../../../examples/data/", import.meta.url).pathname;
const configOf = (workers: number) =>
  resolveConfig({
    model: { preset: "nano" },
    data: {
      primary: { path: `${examples}dsb_lilac_high` },
      auxiliary: [{ path: `${examples}dsb_fluo`, limit: 3 }],
      validation: { fraction: 0 },
      workers,
    },
    train: { seed: 7 },
  });

const open: SampleThreads[] = [];
afterEach(async () => {
  for (const threads of open.splice(0)) await threads.close();
});

async function loaded(workers: number, options: SampleThreadsOptions = {}): Promise<TrainingSample[]> {
  const config = configOf(workers);
  const data = await openRunData(config);
  const threads = sampleThreads(config, data, options);
  open.push(threads);
  const items = [data.primary, ...data.auxiliary].flatMap((set) => set.items);
  return Promise.all([0, 1].flatMap((epoch) => items.map((item, index) => threads.load(item, { epoch, index }))));
}

describe("sampleThreads", () => {
  test("two threads and none give the same bits as the library's loader", async () => {
    const config = configOf(0);
    const { primary, auxiliary } = await openRunData(config);
    const plain = createSampleLoader({ size: 128, seed: 7, augmentation: augmentation(config) });
    const expected = await Promise.all(
      [0, 1].flatMap((epoch) =>
        [primary, ...auxiliary].flatMap((set) => set.items).map((item, index) => plain(item, { epoch, index })),
      ),
    );
    expect(expected).toHaveLength(10);
    let failed = "";
    const onFailure = (message: string) => {
      failed = message;
    };
    for (const workers of [0, 2]) expect(await loaded(workers, { onFailure }), `${workers}`).toEqual(expected);
    expect(failed).toBe("");
  });

  test("threads that break cost nothing but a warning", async () => {
    for (const code of ["throw new Error('no decoder here')", "process.exit(3)", "this is no program"]) {
      const told: string[] = [];
      const program = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
      const samples = await loaded(2, { program, onFailure: (message) => told.push(message) });
      expect(samples.map(({ id }) => id)).toHaveLength(10);
      expect(told, code).toEqual([expect.stringContaining("worker")]);
    }
  });
});
