import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../index";
import { ascii, concat, legacyFile, pickle, random, tensorPickle, torchZip, zipSegments } from "../test-files";

const floats = (...values: number[]) => new Uint8Array(new Float32Array(values).buffer);
const one = pickle.file(pickle.dict([["w", tensorPickle({ key: "0", count: 3, shape: [3] })]]));
const abc = floats(1, 2, 3);

describe("zip", () => {
  it("reads ZIP64 archives", async () => {
    const checkpoint = await openCheckpoint(torchZip(one, [["0", abc]], { zip64: true }));
    expect([...(await checkpoint.read("w")).data]).toEqual([1, 2, 3]);
  });

  it("checks CRC-32 on whole storages, on views, and not when told not to", async () => {
    const view = pickle.file(
      pickle.dict([
        ["whole", tensorPickle({ key: "0", count: 3, shape: [3] })],
        ["view", tensorPickle({ key: "0", count: 3, shape: [1] })],
      ]),
    );
    const bytes = torchZip(view, [["0", abc]]);
    const at = bytes.findIndex((_, i) => abc.every((b, j) => bytes[i + j] === b));
    bytes[at + 8] = 99;
    const checkpoint = await openCheckpoint(bytes);
    await expect(checkpoint.read("whole")).rejects.toThrow(/checksum/);
    // The damage is outside the view, but in its storage.
    await expect(checkpoint.read("view")).rejects.toThrow(/checksum/);
    const unchecked = await openCheckpoint(bytes, { verify: false });
    expect([...(await unchecked.read("view")).data]).toEqual([1]);
    const pickleDamaged = torchZip(view, [["0", abc]]);
    pickleDamaged[60] = (pickleDamaged[60] as number) ^ 1;
    await expect(openCheckpoint(pickleDamaged)).rejects.toThrow(/checksum/);
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    ["deflated", torchZip(one, [["0", abc]], { method: 8 }), "unsupported", /deflate/],
    ["encrypted", torchZip(one, [["0", abc]], { flags: 1 }), "unsupported", /encrypted/],
    [
      "no pickle",
      concat(...(zipSegments([["a.txt", ascii("hi")]]) as Uint8Array[])),
      "unsupported",
      /no torch checkpoint/,
    ],
    [
      "TorchScript",
      concat(
        ...(zipSegments([
          ["x/data.pkl", one],
          ["x/constants.pkl", one],
        ]) as Uint8Array[]),
      ),
      "unsupported",
      /TorchScript/,
    ],
    [
      "big-endian",
      concat(
        ...(zipSegments([
          ["x/data.pkl", one],
          ["x/byteorder", ascii("big")],
        ]) as Uint8Array[]),
      ),
      "unsupported",
      /byte order/,
    ],
    [
      "duplicate names",
      concat(
        ...(zipSegments([
          ["x/data.pkl", one],
          ["x/data.pkl", one],
        ]) as Uint8Array[]),
      ),
      "corrupt",
      /twice/,
    ],
    ["a missing storage", torchZip(one), "corrupt", /no record/],
    ["a short storage", torchZip(one, [["0", abc.subarray(0, 8)]]), "corrupt", /8 bytes/],
    ["a cut end", torchZip(one, [["0", abc]]).slice(0, -30), "truncated", /download/i],
  ])("%s", async (_, bytes, code, message) => {
    const error = await openCheckpoint(bytes).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  it("refuses entries that overlap", async () => {
    const bytes = torchZip(one, [
      ["0", abc],
      ["1", abc],
    ]);
    const signature = ascii("PK\x01\x02");
    const heads: number[] = [];
    for (let i = 0; i < bytes.length; i++) if (signature.every((b, j) => bytes[i + j] === b)) heads.push(i);
    const [, second, third] = heads as [number, number, number];
    bytes.copyWithin(third + 42, second + 42, second + 46);
    await expect(openCheckpoint(bytes)).rejects.toThrow(/overlaps/);
  });
});

describe("legacy", () => {
  it("reads storage views and checks their bounds", async () => {
    const view = (offset: number, size: number) => pickle.of(pickle.text("v"), pickle.int(offset), pickle.int(size));
    const good = pickle.file(
      pickle.dict([["w", tensorPickle({ key: "0", count: 3, shape: [1], offset: 1, view: view(1, 2) })]]),
    );
    const checkpoint = await openCheckpoint(legacyFile(good, [["0", 3, abc]]));
    expect([...(await checkpoint.read("w")).data]).toEqual([3]);
    const bad = pickle.file(pickle.dict([["w", tensorPickle({ key: "0", count: 3, shape: [1], view: view(2, 2) })]]));
    await expect(openCheckpoint(legacyFile(bad, [["0", 3, abc]]))).rejects.toThrow(/storage view/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["a wrong count", legacyFile(one, [["0", 4, concat(abc, abc.subarray(0, 4))]]), /4 elements/],
    ["a missing storage", legacyFile(one), /missing/],
    [
      "an unknown storage",
      legacyFile(one, [
        ["0", 3, abc],
        ["1", 3, abc],
      ]),
      /no tensor/,
    ],
    [
      "a storage twice",
      legacyFile(one, [
        ["0", 3, abc],
        ["0", 3, abc],
      ]),
      /twice/,
    ],
    ["bytes at the end", concat(legacyFile(one, [["0", 3, abc]]), [1]), /follow/],
    ["a cut end", legacyFile(one, [["0", 3, abc]]).slice(0, -1), /cut off/],
    [
      "one storage as two types",
      legacyFile(
        pickle.file(
          pickle.dict([
            ["a", tensorPickle({ key: "0", count: 3, shape: [3] })],
            ["b", tensorPickle({ key: "0", count: 3, shape: [3], storage: "IntStorage" })],
          ]),
        ),
        [["0", 3, abc]],
      ),
      /two ways/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(openCheckpoint(bytes)).rejects.toThrow(message);
  });

  it("reads pickles that are longer than the first piece", async () => {
    const long = pickle.file(
      pickle.dict([
        ["note", pickle.text("n".repeat(3_000_000))],
        ["w", tensorPickle({ key: "0", count: 3, shape: [3] })],
      ]),
    );
    const checkpoint = await openCheckpoint(legacyFile(long, [["0", 3, abc]]));
    expect([...(await checkpoint.read("w")).data]).toEqual([1, 2, 3]);
    expect((checkpoint.extras as { note: string }).note.length).toBe(3_000_000);
  });
});

describe("tensors and names", () => {
  const open = (data: Uint8Array, storage = abc) => openCheckpoint(torchZip(data, [["0", storage]]));
  const tensor = (shape: number[], strides?: number[], offset?: number) =>
    tensorPickle({ key: "0", count: 3, shape, ...(strides && { strides }), ...(offset !== undefined && { offset }) });

  it.each<[string, Uint8Array]>([
    ["a shape beyond the storage", tensor([4])],
    ["an offset beyond the storage", tensor([3], [1], 1)],
    ["a stride beyond the storage", tensor([2], [3])],
    ["fewer strides than sizes", tensor([1, 3], [1])],
    ["a negative size", tensor([-1])],
    ["a size that overflows", tensor([2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1], [0, 0, 0])],
    ["65 dimensions", tensor(new Array<number>(65).fill(1))],
  ])("%s", async (_, bad) => {
    await expect(open(pickle.file(pickle.dict([["w", bad]])))).rejects.toMatchObject({ code: "corrupt" });
  });

  it("gathers any strided view as a plain loop does", async () => {
    const next = random(7);
    const count = 400;
    const values = Float32Array.from({ length: count }, (_, i) => i);
    const specs = Array.from({ length: 60 }, (_, n) => {
      const shape = Array.from(
        { length: Math.floor(next() * 5) },
        () => Math.floor(next() * 4) + (next() < 0.1 ? 0 : 1),
      );
      const strides = shape.map(() => Math.floor(next() * 9));
      return { name: `t${n}`, key: "0", count, shape, strides, offset: Math.floor(next() * 100) };
    });
    const data = pickle.file(pickle.dict(specs.map((spec) => [spec.name, tensorPickle(spec)])));
    const checkpoint = await open(data, new Uint8Array(values.buffer));
    for (const { name, shape, strides, offset } of specs) {
      let expected = [offset];
      shape.forEach((size, d) => {
        expected = expected.flatMap((base) =>
          Array.from({ length: size }, (_, i) => base + i * (strides[d] as number)),
        );
      });
      const { data: got } = await checkpoint.read(name);
      expect([...got], `${name} [${shape}] [${strides}]`).toEqual(shape.includes(0) ? [] : expected);
    }
  });

  it("chooses the dict of tensors, or keeps all names, and drops state-dict metadata", async () => {
    const w = tensor([3]);
    const metadata = concat(
      pickle.global("collections", "OrderedDict"),
      pickle.emptyTuple,
      pickle.reduce,
      pickle.mark,
      pickle.text("w"),
      w,
      pickle.setItems,
      pickle.dict([["_metadata", pickle.emptyDict]]),
      pickle.build,
    );
    const names = async (data: Uint8Array, root?: string) => [
      ...(
        await openCheckpoint(torchZip(pickle.file(data), [["0", abc]]), root === undefined ? {} : { root })
      ).entries.keys(),
    ];
    expect(await names(metadata)).toEqual(["w"]);
    expect(
      await names(
        pickle.dict([
          ["state_dict", metadata],
          ["epoch", pickle.int(1)],
        ]),
      ),
    ).toEqual(["w"]);
    expect(
      await names(
        pickle.dict([
          ["a", metadata],
          ["b", metadata],
        ]),
      ),
    ).toEqual(["a.w", "b.w"]);
    expect(
      await names(
        pickle.dict([
          ["a", metadata],
          ["b", metadata],
        ]),
        "b",
      ),
    ).toEqual(["w"]);
    const optimizer = pickle.dict([
      ["state", concat(pickle.emptyDict, pickle.mark, pickle.int(0), pickle.dict([["exp_avg", w]]), pickle.setItems)],
    ]);
    expect(
      await names(
        pickle.dict([
          ["model", metadata],
          ["optimizer", optimizer],
        ]),
      ),
    ).toEqual(["w"]);
    expect(
      await names(
        pickle.dict([
          ["model", metadata],
          ["optimizer", optimizer],
        ]),
        "",
      ),
    ).toEqual(["model.w", "optimizer.state.0.exp_avg"]);
    expect(await names(pickle.dict([["m", pickle.dict([["x", metadata]])]]), "m.x")).toEqual(["w"]);
    expect(await names(w)).toEqual(["tensor"]);
    await expect(
      names(
        pickle.dict([
          ["a.w", w],
          ["a", metadata],
        ]),
        "",
      ),
    ).rejects.toThrow(/two tensors/);
  });

  it("reads what protocol 4 writes", async () => {
    const short = (text: string) => concat([0x8c, text.length], ascii(text), [0x94]);
    const data = concat(
      [0x80, 4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x94],
      short("od"),
      short("collections"),
      short("OrderedDict"),
      [0x93, 0x94, 0x29, 0x52, 0x73, 0x2e],
    );
    expect((await openCheckpoint(torchZip(data))).extras).toEqual({ od: {} });
  });
});
