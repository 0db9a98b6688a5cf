import { inflateSync } from "node:zlib";

/** The pixels of a 16-bit grey PNG that is known to be good (our samples); no checks. */
export function readLabelPng(png: Uint8Array): { data: Uint32Array; width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at))
    if (view.getUint32(at + 4) === 0x49444154) parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const rows = inflateSync(Buffer.concat(parts));
  const stride = 2 * width;
  const raw = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++)
    for (let k = 0; k < stride; k++) {
      const left = k > 1 ? raw[y * stride + k - 2]! : 0;
      const up = y > 0 ? raw[(y - 1) * stride + k]! : 0;
      const corner = k > 1 && y > 0 ? raw[(y - 1) * stride + k - 2]! : 0;
      const p = left + up - corner;
      const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const predicted = [0, left, up, (left + up) >> 1, paeth][rows[y * (stride + 1)]!]!;
      raw[y * stride + k] = rows[y * (stride + 1) + 1 + k]! + predicted;
    }
  return {
    width,
    height,
    data: Uint32Array.from({ length: width * height }, (_, i) => raw[2 * i]! * 256 + raw[2 * i + 1]!),
  };
}
