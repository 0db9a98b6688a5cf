import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CheckpointError, openCheckpoint, readNpy, writeNpy } from "./index";
import { concat, joined, mutate, pickle, random, tensorPickle, torchZip } from "./test-files";

const golden = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../test/golden/checkpoints/${name}`, import.meta.url)));

/** Opens and reads all that a user would, without checksums too, so that damage is not stopped by the CRC alone. */
async function readAll(bytes: Uint8Array, verify: boolean): Promise<void> {
  const checkpoint = await openCheckpoint(bytes, { verify });
  for (const name of checkpoint.entries.keys()) {
    const { data, shape } = await checkpoint.read(name);
    expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
  }
  JSON.stringify(checkpoint.extras, (_, value) => (typeof value === "bigint" ? `${value}` : value));
}

const SEEDS = Number(process.env.CHECKPOINT_FUZZ ?? 1500);
const ALLOWED = 64 * 2 ** 20;

/** Every outcome is a result or a typed error, within 2 s and the memory limit; returns how many files still opened. */
async function expectTame(bytes: Uint8Array, read: (bytes: Uint8Array) => Promise<void>): Promise<boolean> {
  const before = process.memoryUsage();
  const start = performance.now();
  let opened = true;
  try {
    await read(bytes);
  } catch (error) {
    if (!CheckpointError.isInstance(error)) throw error;
    expect(error.message.length).toBeLessThan(4000);
    opened = false;
  }
  const ms = performance.now() - start;
  const after = process.memoryUsage();
  const growth = after.heapUsed + after.external - before.heapUsed - before.external;
  if (ms > 2000 || growth > ALLOWED + 4 * bytes.length) expect({ ms, growth }).toEqual("within limits");
  return opened;
}

const npy = writeNpy({ shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i) }, { fortranOrder: true });
const FORMATS: [string, Uint8Array, (bytes: Uint8Array) => Promise<void>][] = [
  ["safetensors", golden("odd_expected.safetensors"), (bytes) => readAll(bytes, true)],
  ["torch-zip", golden("odd.pth"), (bytes) => readAll(bytes, true)],
  ["torch-zip without checksums", golden("odd.pth"), (bytes) => readAll(bytes, false)],
  ["torch-legacy", golden("odd_legacy.pth"), (bytes) => readAll(bytes, true)],
  ["npy", npy, async (bytes) => void readNpy(bytes)],
];

describe.each(FORMATS)("damaged %s files", (name, good, read) => {
  it("the undamaged file is read", async () => expect(await expectTame(good, read)).toBe(true));

  it("no prefix is taken for the whole", async () => {
    for (let length = 0; length < good.length; length++) {
      if (await expectTame(good.subarray(0, length), read)) expect(`${name} prefix of ${length}`).toBe("refused");
    }
  });

  it(`${SEEDS} mutations end in a typed error or a result`, async () => {
    const next = random(20260101);
    let refused = 0;
    for (let i = 0; i < SEEDS; i++) if (!(await expectTame(mutate(good, next), read))) refused++;
    // A mutation that is always accepted, or a reader that refuses everything, would test nothing.
    expect(refused).toBeGreaterThan(SEEDS / 10);
    if (name.endsWith("zip")) expect(refused).toBeLessThan(SEEDS);
  });
});

describe("damaged pickles behind a right checksum", () => {
  const good = pickle.file(
    pickle.dict([
      ["model", pickle.dict([["w", tensorPickle({ key: "0", count: 6, shape: [2, 3], strides: [1, 2] })]])],
      ["epoch", pickle.int(3)],
      ["list", concat(pickle.emptyList, pickle.mark, pickle.int(1), pickle.text("two"), pickle.appends)],
    ]),
  );
  const wrap = (data: Uint8Array) => torchZip(data, [["0", new Uint8Array(24)]]);
  const read = (data: Uint8Array) => readAll(wrap(data), true);

  it("every prefix, and every byte replaced by every opcode of interest", async () => {
    expect(await expectTame(good, read)).toBe(true);
    for (let length = 0; length < good.length; length++) await expectTame(good.subarray(0, length), read);
    for (let at = 0; at < good.length; at++) {
      for (const byte of [0x28, 0x2e, 0x51, 0x52, 0x61, 0x62, 0x63, 0x75, 0x81, 0x8a, 0xff]) {
        const bad = Uint8Array.from(good);
        bad[at] = byte;
        await expectTame(bad, read);
      }
    }
  });

  it(`${SEEDS} programs of random opcodes`, async () => {
    const next = random(7);
    const words = [
      pickle.mark,
      pickle.tuple,
      pickle.emptyTuple,
      pickle.emptyDict,
      pickle.emptyList,
      pickle.setItems,
      pickle.appends,
      pickle.reduce,
      pickle.build,
      pickle.persid,
      pickle.none,
      pickle.get(0),
      pickle.put(0),
      pickle.get(1),
      pickle.put(1),
      pickle.int(1),
      pickle.int(-1),
      pickle.text("a"),
      pickle.text("storage"),
      pickle.global("torch", "FloatStorage"),
      pickle.global("torch", "Size"),
      pickle.global("collections", "OrderedDict"),
      pickle.global("torch._utils", "_rebuild_tensor_v2"),
      tensorPickle({ key: "0", count: 6, shape: [6] }),
      [0x85],
      [0x86],
      [0x87],
      [0x61],
      [0x73],
    ];
    for (let i = 0; i < SEEDS; i++) {
      const program = Array.from(
        { length: 1 + Math.floor(next() * 40) },
        () => words[Math.floor(next() * words.length)] as Uint8Array,
      );
      await expectTame(pickle.file(joined(program)), read);
    }
  });
});
