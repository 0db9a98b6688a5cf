import { deflateSync } from "node:zlib";
import { decodeImage } from "@ama-sam/data";

/** A screenshot as a PNG with at most 160 colours: a quarter of the bytes, and nobody sees the difference at this size. */
export async function palettePng(png: Uint8Array): Promise<Buffer> {
  const { width, height, channels, data } = await decodeImage(png);
  const key = (i: number): number => ((data[i]! >> 3) << 10) | ((data[i + 1]! >> 3) << 5) | (data[i + 2]! >> 3);
  const bins = new Map<number, { n: number; r: number; g: number; b: number }>();
  for (let i = 0; i < data.length; i += channels) {
    const bin = bins.get(key(i)) ?? { n: 0, r: 0, g: 0, b: 0 };
    bins.set(key(i), bin);
    bin.n++;
    bin.r += data[i]!;
    bin.g += data[i + 1]!;
    bin.b += data[i + 2]!;
  }
  // Strong colours count for more: outlines are few pixels, and what a picture is about.
  const weight = ({ n, r, g, b }: { n: number; r: number; g: number; b: number }): number =>
    n * (1 + ((Math.max(r, g, b) - Math.min(r, g, b)) / n / 96) ** 2);
  const colours = [...bins.values()]
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, 160)
    .map(({ n, r, g, b }) => [Math.round(r / n), Math.round(g / n), Math.round(b / n)] as const);
  const nearest = new Map<number, number>();
  for (const [k, { n, r, g, b }] of bins) {
    let [best, at] = [Number.POSITIVE_INFINITY, 0];
    colours.forEach(([cr, cg, cb], i) => {
      const d = (cr - r / n) ** 2 + (cg - g / n) ** 2 + (cb - b / n) ** 2;
      if (d < best) [best, at] = [d, i];
    });
    nearest.set(k, at);
  }
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = nearest.get(key((y * width + x) * channels))!;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(colours.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, crc]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
