import { describe, expect, it } from "vitest";
import {
  checkpointChunks,
  openCheckpoint,
  safetensorsChunks,
  sha256,
  type TensorInput,
  writeSafetensors,
} from "../index";
import { ascii, concat, pickle, tensorPickle, torchZip, u64 } from "../test-files";

const file = (header: string, dataBytes = 0, length = ascii(header).length) =>
  concat(u64(length), ascii(header), new Uint8Array(dataBytes));
const t = (dtype: string, shape: string, begin: number | string, end: number | string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe("what the reference library refuses", () => {
  it.each<[string, Uint8Array, string, RegExp]>([
    ["shorter than a length", new Uint8Array([1, 2, 3]), "truncated", /not a checkpoint/],
    ["a header above 100 MB", file("{}", 0, 100_000_001), "corrupt", /too large/],
    ["a header of 2^63 bytes", concat([255, 255, 255, 255, 255, 255, 255, 127], ascii("{}")), "corrupt", /too large/],
    ["a header beyond the file", file("{}", 0, 900), "truncated", /beyond the end/],
    ["a header that starts with a space", file(" {}      "), "unsupported", /not a checkpoint/],
    ["invalid UTF-8", concat(u64(4), [0x7b, 0xff, 0x7d, 0x20]), "corrupt", /UTF-8/],
    ["invalid JSON", file('{"a":}'), "corrupt", /not valid/],
    ["no end", file('{"a":'), "corrupt", /not valid/],
    ["a second value", file("{}{}"), "corrupt", /last brace/],
    ["padding that is no space", file("{}\0\0"), "corrupt", /last brace/],
    ["a newline as padding", file("{}\n"), "corrupt", /last brace/],
    [
      "a duplicate name",
      file(`{"a":${t("U8", "[1]", 0, 1)},"a":${t("U8", "[1]", 1, 2)}}`, 2),
      "corrupt",
      /"a\\?" twice/,
    ],
    [
      "a duplicate name by escape",
      file(`{"a":${t("U8", "[1]", 0, 1)},"\\u0061":${t("U8", "[1]", 1, 2)}}`, 2),
      "corrupt",
      /twice/,
    ],
    [
      "a duplicate field",
      file(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1),
      "corrupt",
      /twice/,
    ],
    ["duplicate metadata", file(`{"__metadata__":{"k":"1","k":"2"}}`), "corrupt", /twice/],
    ["metadata that is no string", file(`{"__metadata__":{"k":1}}`), "corrupt", /string is missing/],
    ["metadata that is nested", file(`{"__metadata__":{"k":{}}}`), "corrupt", /string is missing/],
    ["an unknown dtype", file(`{"a":${t("F4", "[2]", 0, 1)}}`, 1), "unsupported", /"F4"/],
    ["a missing shape", file(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), "corrupt", /lacks/],
    ["three offsets", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1), "corrupt", /more than 2/],
    [
      "an unknown field",
      file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}`, 1),
      "corrupt",
      /unknown field/,
    ],
    ["a negative size", file(`{"a":${t("U8", "[-1]", 0, 1)}}`, 1), "corrupt", /whole number/],
    ["a fraction", file(`{"a":${t("U8", "[1.0]", 0, 1)}}`, 1), "corrupt", /whole number/],
    ["an exponent", file(`{"a":${t("U8", "[1e0]", 0, 1)}}`, 1), "corrupt", /whole number/],
    ["a size above 2^53", file(`{"a":${t("U8", "[99999999999999999999]", 0, 1)}}`, 1), "corrupt", /overflow/],
    ["a product that overflows", file(`{"a":${t("F32", "[4294967296,4294967296]", 0, 0)}}`), "corrupt", /overflow/],
    ["a hole at the start", file(`{"a":${t("U8", "[1]", 1, 2)}}`, 2), "corrupt", /hole/],
    ["a hole between", file(`{"a":${t("U8", "[1]", 0, 1)},"b":${t("U8", "[1]", 2, 3)}}`, 3), "corrupt", /hole/],
    ["an overlap", file(`{"a":${t("U8", "[2]", 0, 2)},"b":${t("U8", "[2]", 1, 3)}}`, 3), "corrupt", /overlaps/],
    [
      "two tensors on the same bytes",
      file(`{"a":${t("U8", "[2]", 0, 2)},"b":${t("U8", "[2]", 0, 2)}}`, 2),
      "corrupt",
      /overlaps/,
    ],
    ["an end before its begin", file(`{"a":${t("U8", "[0]", 1, 0)}}`, 1), "corrupt", /before/],
    ["a span that is no shape", file(`{"a":${t("F32", "[2]", 0, 4)}}`, 4), "corrupt", /disagree/],
    ["data that is too short", file(`{"a":${t("U8", "[4]", 0, 4)}}`, 3), "truncated", /short/],
    ["data that is too long", file(`{"a":${t("U8", "[4]", 0, 4)}}`, 5), "corrupt", /long/],
    ["data without tensors", file("{}", 1), "corrupt", /long/],
    ["a lone surrogate", file(`{"\\ud800":${t("U8", "[1]", 0, 1)}}`, 1), "corrupt", /Unicode/],
    ["65 dimensions", file(`{"a":${t("U8", `[${new Array(65).fill(1)}]`, 0, 1)}}`, 1), "corrupt", /more than 64/],
    ["nesting", file(`{"a":${"[".repeat(100_000)}`), "corrupt", /missing/],
  ])("%s", async (_, bytes, code, message) => {
    const error = await openCheckpoint(bytes).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, name: "CheckpointError" });
    expect((error as Error).message).toMatch(message);
  });

  it("accepts what it accepts: zero sizes, scalars, any order, white space within, header lengths that look like other formats", async () => {
    const header = `{ "b" : ${t("U8", "[ ]", 0, 1)},\n"empty":${t("F32", "[0,3]", 1, 1)},"a":${t("U8", "[2]", 1, 3)} }`;
    for (const length of [header.length, 640, 0x8b1f]) {
      const checkpoint = await openCheckpoint(file(header.padEnd(length), 3));
      expect([...checkpoint.entries.keys()]).toEqual(["b", "empty", "a"]);
      expect((await checkpoint.read("empty")).data.length).toBe(0);
    }
  });
});

describe("writer", () => {
  const f32 = (...values: number[]): TensorInput => ({ shape: [values.length], data: Float32Array.from(values) });

  it("writes the reference library's bytes", () => {
    const data = Float32Array.of(0, 1, 2, 3, 4, 5);
    const cases: [string, number[], number][] = [
      ["attn.0", [1, 2, 3], 64],
      ["attn0", [1, 1, 2, 3], 72],
    ];
    for (const [name, shape, headerBytes] of cases) {
      const json = `{"${name}":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,24]}}`.padEnd(headerBytes);
      const expected = concat(u64(headerBytes), ascii(json), new Uint8Array(data.buffer));
      expect(writeSafetensors({ [name]: { shape, data } })).toEqual(expected);
    }
    expect([...writeSafetensors({})]).toEqual([8, 0, 0, 0, 0, 0, 0, 0, 123, 125, 32, 32, 32, 32, 32, 32]);
    expect(writeSafetensors({}, { framework: "pt" })).toEqual(
      concat(u64(40), ascii('{"__metadata__":{"framework":"pt"}}     ')),
    );
  });

  it("orders by type, then name; the order of the arguments does not matter", async () => {
    const tensors: [string, TensorInput][] = [
      ["b", f32(1)],
      ["half", { shape: [1], dtype: "f16", data: Uint16Array.of(0x3c00) }],
      ["a", f32(2)],
      ["n", { shape: [1], data: BigInt64Array.of(3n) }],
      ["flag", { shape: [1], dtype: "bool", data: Uint8Array.of(1) }],
      ["\u{1f600}", f32(3)],
      ["\uffee", f32(4)],
    ];
    const metadata = new Map([
      ["z", "1"],
      ["a", "2"],
    ]);
    const bytes = writeSafetensors(tensors, metadata);
    expect(writeSafetensors([...tensors].reverse(), new Map([...metadata].reverse()))).toEqual(bytes);
    const checkpoint = await openCheckpoint(bytes);
    expect([...checkpoint.entries.keys()]).toEqual(["n", "a", "b", "\uffee", "\u{1f600}", "half", "flag"]);
    expect([...checkpoint.metadata]).toEqual([
      ["a", "2"],
      ["z", "1"],
    ]);
    for (const [name, tensor] of tensors) {
      expect((await checkpoint.read(name, { dtype: "stored" })).data).toEqual(tensor.data);
    }
  });

  it("keeps names such as __proto__", async () => {
    const checkpoint = await openCheckpoint(writeSafetensors([["__proto__", f32(5)]], [["__proto__", "x"]]));
    expect([...(await checkpoint.read("__proto__")).data]).toEqual([5]);
    expect(checkpoint.metadata.get("__proto__")).toBe("x");
  });

  it.each<[string, () => unknown, RegExp]>([
    ["a reserved name", () => writeSafetensors({ __metadata__: f32(1) }), /reserved/],
    [
      "a duplicate name",
      () =>
        writeSafetensors([
          ["a", f32(1)],
          ["a", f32(1)],
        ]),
      /twice/,
    ],
    ["a lone surrogate", () => writeSafetensors({ "\ud800": f32(1) }), /well-formed/],
    ["a wrong length", () => writeSafetensors({ a: { shape: [2], data: Float32Array.of(1) } }), /does not fit/],
    [
      "a wrong array",
      () => writeSafetensors({ a: { shape: [1], dtype: "f16", data: Float32Array.of(1) } }),
      /does not fit/,
    ],
    [
      "an unknown dtype",
      () => writeSafetensors({ a: { shape: [1], dtype: "f8" as never, data: Uint8Array.of(1) } }),
      /no known dtype/,
    ],
    [
      "dtype toString",
      () => writeSafetensors({ a: { shape: [1], dtype: "toString" as never, data: Uint8Array.of(1) } }),
      /no known dtype/,
    ],
    ["a negative size", () => writeSafetensors({ a: { shape: [-1], data: Float32Array.of(1) } }), /shape/],
    ["a fraction", () => writeSafetensors({ a: { shape: [0.5], data: new Float32Array(0) } }), /shape/],
    [
      "65 dimensions",
      () => writeSafetensors({ a: { shape: new Array(65).fill(1), data: Float32Array.of(1) } }),
      /shape/,
    ],
    [
      "duplicate metadata",
      () =>
        writeSafetensors({}, [
          ["a", "1"],
          ["a", "2"],
        ]),
      /twice/,
    ],
    ["metadata that is no string", () => writeSafetensors({}, { a: 1 as never }), /well-formed/],
    ["no array", () => writeSafetensors({ a: { shape: [1], dtype: "f32", data: [1] as never } }), /does not fit/],
  ])("refuses %s", (_, write, message) => {
    expect(write).toThrow(message);
    expect(write).toThrow(expect.objectContaining({ code: "argument" }));
  });

  it("streams the same bytes, loading one tensor at a time", async () => {
    const log: string[] = [];
    const loaded = (name: string, value: number) => {
      log.push(name);
      return Float32Array.of(value, value);
    };
    const lazy = (name: string, value: number) =>
      [name, { shape: [2], dtype: "f32", load: async () => loaded(name, value) }] as const;
    const chunks: Uint8Array[] = [];
    for await (const chunk of safetensorsChunks([lazy("b", 2), lazy("a", 1)], { k: "v" })) {
      log.push("chunk");
      chunks.push(chunk);
    }
    expect(log).toEqual(["chunk", "a", "chunk", "b", "chunk"]);
    expect(concat(...chunks)).toEqual(writeSafetensors({ a: f32(1, 1), b: f32(2, 2) }, { k: "v" }));
    const wrong = safetensorsChunks({ a: { shape: [3], dtype: "f32", load: () => Float32Array.of(1) } });
    await wrong.next();
    await expect(wrong.next()).rejects.toThrow(/does not fit/);
  });

  it("converts a .pth to safetensors", async () => {
    const spec = { key: "0", count: 4, storage: "HalfStorage", shape: [2, 2], strides: [1, 2] };
    const pth = torchZip(pickle.file(pickle.dict([["w", tensorPickle(spec)]])), [
      ["0", new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400).buffer)],
    ]);
    const checkpoint = await openCheckpoint(pth);
    const chunks: Uint8Array[] = [];
    for await (const chunk of checkpointChunks(checkpoint, { dtype: "f32", metadata: { format: "pt" } }))
      chunks.push(chunk);
    const expected = writeSafetensors({ w: { shape: [2, 2], data: Float32Array.of(1, 3, 2, 4) } }, { format: "pt" });
    expect(concat(...chunks)).toEqual(expected);
    expect(await sha256(checkpointChunks(checkpoint, { dtype: "f32", metadata: { format: "pt" } }))).toBe(
      await sha256(expected),
    );
  });
});
