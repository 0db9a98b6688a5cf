import { describe, expect, it } from "vitest";
import { InstancesError } from "./errors";
import { encodeLabelPng } from "./label-png";
import { encodeLabelTiff } from "./label-tiff";

/** Ids that use every bit of 16, in rows that differ. */
const wide = (width: number, height: number, max: number) => ({
  data: Uint32Array.from({ length: width * height }, (_, i) => (i % 5 === 0 ? 0 : (i * 2654435761) % (max + 1))),
  width,
  height,
});

const inflate = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer(),
  );

/** Tags and pixels of a little-endian TIFF of 32-bit samples in strips. */
async function readTiff(tiff: Uint8Array<ArrayBuffer>) {
  const view = new DataView(tiff.buffer);
  expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([0x002a4949, 8]);
  const tags = new Map<number, number[]>();
  for (let k = 0, last = 0; k < view.getUint16(8, true); k++) {
    const at = 10 + 12 * k;
    const [id, type, count] = [view.getUint16(at, true), view.getUint16(at + 2, true), view.getUint32(at + 4, true)];
    expect(id).toBeGreaterThan(last);
    last = id;
    const from = count > 1 ? view.getUint32(at + 8, true) : at + 8;
    const values = Array.from({ length: count }, (_, n) =>
      type === 3 ? view.getUint16(from + 2 * n, true) : view.getUint32(from + 4 * n, true),
    );
    tags.set(id, values);
  }
  const strips = tags.get(273)!.map((offset, k) => tiff.slice(offset, offset + tags.get(279)![k]!));
  const data: number[] = [];
  for (const strip of strips) {
    const bytes = tags.get(259)![0] === 8 ? await inflate(strip) : strip;
    const pixels = new DataView(bytes.buffer);
    for (let i = 0; i < bytes.length; i += 4) data.push(pixels.getUint32(i, true));
  }
  return { tags, data, strips: strips.length };
}

/** The 16-bit grey pixels of a PNG with one IDAT and filters 0 and 2, checked chunk by chunk. */
async function readPng(png: Uint8Array<ArrayBuffer>) {
  const view = new DataView(png.buffer, png.byteOffset);
  const kinds: string[] = [];
  let idat: Uint8Array = new Uint8Array();
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...png.subarray(at + 4, at + 8));
    kinds.push(kind);
    if (kind === "IDAT") idat = await inflate(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  expect([...png.subarray(24, 29)]).toEqual([16, 0, 0, 0, 0]);
  const stride = 2 * width;
  const raw = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    expect(idat[y * (stride + 1)]).toBe(2);
    for (let k = 0; k < stride; k++)
      raw[y * stride + k] = idat[y * (stride + 1) + 1 + k]! + (y > 0 ? raw[(y - 1) * stride + k]! : 0);
  }
  return {
    width,
    height,
    kinds,
    data: Array.from({ length: width * height }, (_, i) => raw[2 * i]! * 256 + raw[2 * i + 1]!),
  };
}

describe("encodeLabelPng", () => {
  it("holds every label up to 65,535", async () => {
    for (const map of [wide(37, 23, 65535), wide(1, 1, 65535), wide(300, 1, 255)]) {
      const { width, height, data, kinds } = await readPng(await encodeLabelPng(map));
      expect([width, height, kinds]).toEqual([map.width, map.height, ["IHDR", "IDAT", "IEND"]]);
      expect(data).toEqual([...map.data]);
    }
  });

  it("has the checksums of the specification", async () => {
    const png = await encodeLabelPng({ data: new Uint8Array(1), width: 1, height: 1 });
    // The CRC of an empty IEND is the same in every PNG.
    expect([...png.slice(-4)]).toEqual([0xae, 0x42, 0x60, 0x82]);
  });

  it("refuses a label that does not fit, and says who takes it", async () => {
    const map = { data: Uint32Array.of(65536), width: 1, height: 1 };
    await expect(encodeLabelPng(map)).rejects.toThrow(/label 65536.*encodeLabelTiff/);
    await expect(encodeLabelPng({ data: new Uint8Array(), width: 0, height: 4 })).rejects.toThrow(InstancesError);
  });
});

describe("encodeLabelTiff", () => {
  it("holds every label of 32 bits, in one strip or many, compressed or not", async () => {
    for (const compression of ["none", "deflate"] as const)
      for (const map of [wide(37, 23, 2 ** 32 - 1), wide(1, 1, 9), wide(1000, 200, 2 ** 32 - 1)]) {
        const { tags, data, strips } = await readTiff(await encodeLabelTiff(map, { compression }));
        const get = (...ids: number[]) => ids.map((id) => tags.get(id)![0]);
        // Sides, bits, photometric, samples, planes, sample format.
        expect(get(256, 257, 258, 262, 277, 284, 339)).toEqual([map.width, map.height, 32, 1, 1, 1, 1]);
        expect(strips).toBe(Math.ceil(map.height / tags.get(278)![0]!));
        expect(data).toEqual([...map.data]);
      }
  });

  it("refuses an image without pixels and an unknown compression", async () => {
    await expect(encodeLabelTiff({ data: new Uint8Array(), width: 0, height: 0 })).rejects.toThrow(InstancesError);
    const attempt = encodeLabelTiff(wide(2, 2, 3), { compression: "lzw" as "none" });
    await expect(attempt).rejects.toThrow("compression is unknown");
  });
});
