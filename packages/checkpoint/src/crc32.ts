let tables: Uint32Array | undefined;

/** Eight tables of 256, so that eight bytes are folded per step. */
function buildTables(): Uint32Array {
  const t = new Uint32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    t[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let k = 1; k < 8; k++) {
      const before = t[(k - 1) * 256 + n] as number;
      t[k * 256 + n] = (before >>> 8) ^ (t[before & 0xff] as number);
    }
  }
  return t;
}

/** CRC-32 as zip files use it (polynomial 0xEDB88320); pass the last result as `previous` to continue over more bytes. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  tables ??= buildTables();
  const t = tables;
  let c = ~previous >>> 0;
  let i = 0;
  // Unrolled by eight ("slicing"): the plain loop takes about three times as long.
  for (const end = bytes.length - 7; i < end; i += 8) {
    c ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    c =
      (t[1792 + (c & 0xff)] as number) ^
      (t[1536 + ((c >>> 8) & 0xff)] as number) ^
      (t[1280 + ((c >>> 16) & 0xff)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (bytes[i + 4] as number)] as number) ^
      (t[512 + (bytes[i + 5] as number)] as number) ^
      (t[256 + (bytes[i + 6] as number)] as number) ^
      (t[bytes[i + 7] as number] as number);
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ (t[(c ^ (bytes[i] as number)) & 0xff] as number);
  return ~c >>> 0;
}
