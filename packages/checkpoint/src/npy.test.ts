import { describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "./index";
import { ascii, concat } from "./test-files";

const file = (header: string, data: Uint8Array | number[] = [], version = 1) =>
  concat(
    [0x93],
    ascii("NUMPY"),
    version === 1
      ? [1, 0, header.length & 255, header.length >> 8]
      : [version, 0, header.length & 255, header.length >> 8, 0, 0],
    ascii(header),
    data,
  );
const ok = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n";

describe("npy", () => {
  it("writes what numpy.save writes", () => {
    const bytes = writeNpy({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117);
    expect(bytes).toEqual(
      concat(
        [0x93],
        ascii("NUMPY"),
        [1, 0, 118, 0],
        ascii(`${header}\n`),
        new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
      ),
    );
  });

  it("reads back every type and shape, in C and Fortran order", () => {
    const arrays = [
      Float32Array,
      Float64Array,
      Int8Array,
      Int16Array,
      Int32Array,
      Uint8Array,
      Uint16Array,
      Uint32Array,
    ];
    for (const shape of [[], [0], [6], [2, 3], [3, 1, 2], [1, 2, 3]]) {
      const count = shape.reduce((a, b) => a * b, 1);
      for (const array of arrays) {
        const data = new array(count).map((_, i) => i * 3 - 7);
        for (const fortranOrder of [false, true]) {
          const back = readNpy(writeNpy({ shape, data }, { fortranOrder }));
          expect(back.shape).toEqual(shape);
          expect(back.data).toEqual(data);
        }
      }
      const big = BigInt64Array.from({ length: count }, (_, i) => BigInt(i) - 2n);
      expect(readNpy(writeNpy({ shape, data: big }, { fortranOrder: true })).data).toEqual(big);
    }
    const flags = { shape: [2], dtype: "bool" as const, data: Uint8Array.of(0, 1) };
    expect(readNpy(writeNpy(flags))).toEqual(flags);
    expect(() => writeNpy({ shape: [1], dtype: "bf16", data: Uint16Array.of(1) })).toThrow(/bf16/);
    expect(() => writeNpy({ shape: [2], data: Float32Array.of(1) })).toThrow(/does not fit/);
  });

  it("transposes Fortran order", () => {
    const header = "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }\n";
    expect([...readNpy(file(header, [1, 4, 2, 5, 3, 6])).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("reads versions 2 and 3, any order of keys, double quotes, Python 2 longs", () => {
    for (const version of [2, 3]) expect([...readNpy(file(ok, [1, 2], version)).data]).toEqual([1, 2]);
    const odd = `{"shape":(2L,),'fortran_order':False,"descr":"<u1"}`;
    expect([...readNpy(file(odd, [8, 9])).data]).toEqual([8, 9]);
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "truncated"],
    ["another magic", ascii("\x93NUMPX 1234567"), "corrupt"],
    ["version 4", file(ok, [1, 2], 4), "unsupported"],
    ["a header beyond the file", concat([0x93], ascii("NUMPY"), [1, 0, 255, 0], ascii("{}")), "truncated"],
    ["a header of 4 GB", concat([0x93], ascii("NUMPY"), [2, 0, 255, 255, 255, 255]), "corrupt"],
    ["big-endian", file(ok.replace("|u1", ">f4"), new Uint8Array(8)), "unsupported"],
    ["objects", file(ok.replace("|u1", "|O"), new Uint8Array(16)), "unsupported"],
    ["a structured type", file("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }\n"), "unsupported"],
    ["a missing key", file("{'descr': '<f4', 'shape': (2,), }\n"), "corrupt"],
    ["a key twice", file("{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }\n"), "corrupt"],
    ["a fourth key", file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'x': True}\n", [1, 2]), "corrupt"],
    ["code", file("__import__('os').system('echo harm')\n"), "corrupt"],
    ["a negative size", file(ok.replace("(2,)", "(-2,)"), [1, 2]), "corrupt"],
    ["no tuple", file(ok.replace("(2,)", "(2)"), [1, 2]), "corrupt"],
    ["a size that overflows", file(ok.replace("(2,)", "(99999999, 99999999, 99999999)"), [1, 2]), "corrupt"],
    ["a huge size", file(ok.replace("(2,)", "(2147483647,)"), [1, 2]), "truncated"],
    ["short data", file(ok, [1]), "truncated"],
    ["long data", file(ok, [1, 2, 3]), "corrupt"],
  ])("refuses %s", (_, bytes, code) => {
    expect(() => readNpy(bytes)).toThrow(expect.objectContaining({ name: "CheckpointError", code }));
  });
});
