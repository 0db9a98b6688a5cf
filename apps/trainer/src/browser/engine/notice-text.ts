/** Stands on the page and in every file that it writes. */
export const NOT_FOR_DIAGNOSIS = "For research only. Not for diagnosis.";

/** A PNG with a text chunk right behind its header. */
export function withPngText(png: Uint8Array, keyword: string, text: string): Uint8Array<ArrayBuffer> {
  const header = 8 + 25; // signature and IHDR
  const body = new TextEncoder().encode(`tEXt${keyword}\0${text}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(4 + body.length, crc32(body));
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, header));
  out.set(chunk, header);
  out.set(png.subarray(header), header + chunk.length);
  return out;
}

/** The CRC of PNG (polynomial 0xedb88320), bit by bit: a few dozen bytes need no table. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
