import { describe, expect, it } from "vitest";
import { DecodeError } from "./errors";
import { buildNpy } from "./fixtures/npy-builder";
import { readNpy } from "./npy";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error.code;
    throw error;
  }
  return "none";
}

describe("readNpy", () => {
  it.each([
    ["|u1", "uint8"],
    ["|i1", "int8"],
    ["<u2", "uint16"],
    [">u2", "uint16"],
    [">i2", "int16"],
    ["<u4", "uint32"],
    [">i4", "int32"],
    ["<i8", "int64"],
    [">i8", "int64"],
    ["<u8", "uint64"],
    ["<f4", "float32"],
    [">f8", "float64"],
  ])("%s in both orders and every version", (descr, dtype) => {
    for (const version of [1, 2, 3] as const) {
      const c = readNpy(buildNpy({ descr, version, shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }));
      expect([c.shape, c.dtype, [...c.data]]).toEqual([[2, 3], dtype, [1, 2, 3, 4, 5, 6]]);
      const f = readNpy(buildNpy({ descr, version, fortran: true, shape: [2, 3], data: [1, 4, 2, 5, 3, 6] }));
      expect([...f.data]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  it("reads vectors, scalars, empty arrays and booleans", () => {
    expect(readNpy(buildNpy({ descr: "|u1", shape: [3], data: [1, 2, 3] })).shape).toEqual([3]);
    expect([...readNpy(buildNpy({ descr: "<f8", shape: [], data: [0.5] })).data]).toEqual([0.5]);
    expect(readNpy(buildNpy({ descr: "<f8", shape: [0, 4], data: [] })).data.length).toBe(0);
    expect([...readNpy(buildNpy({ descr: "|b1", shape: [2], data: [0, 7] })).data]).toEqual([0, 1]);
  });

  it("refuses objects, other types, cut data and huge shapes", () => {
    const good = buildNpy({ descr: "<f8", shape: [2], data: [1, 2] });
    const swap = (from: string, to: string) => {
      const text = new TextDecoder("latin1").decode(good).replace(from, to.padEnd(from.length));
      return Uint8Array.from(text, (char) => char.charCodeAt(0));
    };
    expect(() => readNpy(swap("'<f8'", "'|O' "))).toThrow(/Object arrays would run code/);
    expect(codeOf(() => readNpy(swap("'<f8'", "'<f2'")))).toBe("unsupported");
    expect(codeOf(() => readNpy(swap("(2,), }     ", "(999999999,)}")))).toBe("truncated");
    expect(codeOf(() => readNpy(good.subarray(0, good.length - 1)))).toBe("truncated");
    expect(codeOf(() => readNpy(good, { maxBytes: 15 }))).toBe("too-large");
    expect(codeOf(() => readNpy(Uint8Array.of(1, 2)))).toBe("wrong-format");
    const wide = buildNpy({ descr: "<i8", shape: [1], data: [2 ** 60] });
    expect(codeOf(() => readNpy(wide))).toBe("unsupported");
  });
});
