import { describe, expect, it } from "vitest";
import { DecodeError } from "./errors";
import { zeroBomb } from "./fixtures/bomb";
import { measureAllocations } from "./fixtures/hostile";
import { buildMat, type MatSpec } from "./fixtures/mat-builder";
import { listMatVariables, readMat } from "./mat";

const map: MatSpec = { name: "inst_map", dims: [2, 3], className: "int32", stored: "i32", data: [1, 4, 2, 5, 3, 6] };
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error.code;
    throw error;
  }
  return "none";
}

describe("readMat", () => {
  const classes = [
    "double",
    "single",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
  ] as const;
  const stores = ["i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64", "i64", "u64"] as const;
  it.each(classes)("class %s, stored in any type, compressed or not, both byte orders", (className) => {
    for (const stored of stores) {
      for (const compressed of [false, true]) {
        for (const littleEndian of [false, true]) {
          const read = readMat(buildMat([{ ...map, className, stored, compressed }], littleEndian)).get("inst_map")!;
          expect([read.dims, read.className, [...read.data]]).toEqual([[2, 3], className, [1, 2, 3, 4, 5, 6]]);
        }
      }
    }
  });

  it("types the result by class", () => {
    const typed = (className: MatSpec["className"]) => readMat(buildMat([{ ...map, className }])).get("inst_map")!.data;
    expect(typed("double")).toBeInstanceOf(Float64Array);
    expect(typed("uint16")).toBeInstanceOf(Uint16Array);
    expect(typed("int64")).toBeInstanceOf(Float64Array);
  });

  it("skips what was not asked for, reads names of any length, empty and n-dimensional arrays", () => {
    const cube: MatSpec = {
      name: "a_cube_with_a_long_name",
      dims: [2, 3, 2],
      className: "uint8",
      stored: "u8",
      data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    };
    const others: MatSpec[] = [
      { ...cube, compressed: true },
      { name: "t", dims: [1, 2], className: "char", stored: "u16", data: [72, 105] },
      { name: "z", dims: [1, 1], className: "double", stored: "f64", data: [1], complex: true },
      { ...map, compressed: true },
      { name: "none", dims: [0, 0], className: "double", stored: "f64", data: [] },
      { name: "mask", dims: [1, 3], className: "uint8", stored: "u8", data: [1, 0, 1], logical: true },
    ];
    const bytes = buildMat(others);
    expect([...readMat(bytes).keys()]).toEqual(["a_cube_with_a_long_name", "inst_map", "none", "mask"]);
    expect([...readMat(bytes, { only: ["inst_map", "absent"] }).keys()]).toEqual(["inst_map"]);
    expect([...readMat(bytes).get("a_cube_with_a_long_name")!.data]).toEqual([1, 7, 3, 9, 5, 11, 2, 8, 4, 10, 6, 12]);
    expect(readMat(bytes).get("mask")!.className).toBe("logical");
    expect(listMatVariables(bytes).map(({ name, className }) => `${name} ${className}`)).toContain("t char");
    expect(codeOf(() => readMat(bytes, { only: ["t"] }))).toBe("unsupported");
    expect(codeOf(() => readMat(bytes, { only: ["z"] }))).toBe("unsupported");
  });

  it("refuses other formats, telling what to do", () => {
    const v73 = buildMat([]);
    v73.set(new TextEncoder().encode("MATLAB 7.3 MAT-file"));
    expect(() => readMat(v73)).toThrow(/HDF5.*'-v7'/);
    expect(codeOf(() => readMat(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)))).toBe("unsupported");
    expect(codeOf(() => readMat(new Uint8Array(200)))).toBe("wrong-format");
  });

  it("checks lengths and checksums before it trusts them", () => {
    const packed = buildMat([{ ...map, compressed: true }]);
    packed[packed.length - 1]! ^= 1;
    expect(codeOf(() => readMat(packed))).toBe("corrupt");
    expect(codeOf(() => readMat(buildMat([{ ...map, dims: [2, 4] }])))).toBe("corrupt");
    expect(codeOf(() => readMat(buildMat([{ ...map, dims: [-2, -3] }])))).toBe("corrupt");
    expect(codeOf(() => readMat(buildMat([{ ...map, stored: "i64", data: [2 ** 60, 0, 0, 0, 0, 0] }])))).toBe(
      "unsupported",
    );
    expect(codeOf(() => readMat(buildMat([map]), { maxBytes: 40 }))).toBe("too-large");
  });

  it("refuses a 400 MB bomb quickly", () => {
    const head = buildMat([map]).slice(128, 176);
    const claims = [
      { size: 399_999_992, dims: [10_000, 9_999] },
      { size: 3_000_000_000, dims: [2, 3] },
    ];
    for (const { size, dims } of claims) {
      const view = new DataView(head.buffer);
      view.setUint32(4, size, true);
      dims.forEach((dim, i) => {
        view.setInt32(32 + 4 * i, dim, true);
      });
      const packed = zeroBomb(head, 400_000_000);
      const file = new Uint8Array(136 + packed.length);
      file.set(buildMat([]));
      new DataView(file.buffer).setUint32(128, 15, true);
      new DataView(file.buffer).setUint32(132, packed.length, true);
      file.set(packed, 136);
      const start = performance.now();
      const { result, bytes } = measureAllocations(() => codeOf(() => readMat(file, { maxBytes: 2 ** 27 })));
      expect(result).toBe("too-large");
      expect(performance.now() - start).toBeLessThan(200);
      expect(bytes).toBeLessThan(2 ** 20);
    }
  });
});
