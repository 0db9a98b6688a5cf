import { expect, it } from "vitest";
import { readTar } from "./tar";

const BLOCK = 512;

/** A tar archive with one header per entry, as ustar lays it out. */
function archive(entries: { name: string; data: string; kind?: string }[]): Uint8Array {
  const parts = entries.map(({ name, data, kind = "0" }) => {
    const block = Buffer.alloc(BLOCK + Math.ceil(data.length / BLOCK) * BLOCK);
    block.write(name, 0, "ascii");
    block.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124, "ascii");
    block.write("        ", 148, "ascii");
    block.write(kind, 156, "ascii");
    const sum = block.subarray(0, BLOCK).reduce((a, b) => a + b, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
    block.write(data, BLOCK, "ascii");
    return block;
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

it("reads regular files, whatever their size", () => {
  const text = "x".repeat(BLOCK + 1);
  const files = readTar(
    archive([
      { name: "a.so", data: text },
      { name: "folder/", data: "", kind: "5" },
      { name: "link", data: "", kind: "2" },
      { name: "empty", data: "" },
      { name: "full", data: "y".repeat(BLOCK) },
    ]),
  );
  expect(files.map((it) => it.name)).toEqual(["a.so", "empty", "full"]);
  expect(Buffer.from(files[0].bytes).toString()).toBe(text);
  expect(files.map((it) => it.bytes.length)).toEqual([BLOCK + 1, 0, BLOCK]);
});

it("refuses damage", () => {
  const good = archive([{ name: "a", data: "hello" }]);
  const flipped = Uint8Array.from(good);
  flipped[3] ^= 1;
  expect(() => readTar(flipped)).toThrow("damaged header at byte 0");
  expect(() => readTar(good.subarray(0, BLOCK))).toThrow("exceeds the archive");
  expect(() => readTar(good.subarray(0, 2 * BLOCK))).toThrow("ends in the middle");
  expect(() => readTar(new Uint8Array(0))).toThrow("ends in the middle");
});
