/** One regular file of a tar archive. */
export interface TarFile {
  /** Path as the archive states it. */
  name: string;
  bytes: Uint8Array;
}

const BLOCK = 512;

function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/**
 * The regular files of a ustar or GNU archive with names of up to 100 characters; links, folders and extension headers are
 * passed over.
 * @throws Error when a header's checksum or a length is wrong.
 */
export function readTar(archive: Uint8Array): TarFile[] {
  const files: TarFile[] = [];
  for (let at = 0; ; ) {
    if (at + BLOCK > archive.length)
      throw new Error(`tar: the archive ends in the middle. Got ${archive.length} bytes.`);
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    // The checksum counts its own eight bytes as spaces.
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    const size = octal(header, 124, 12);
    if (sum !== octal(header, 148, 8) || Number.isNaN(size)) throw new Error(`tar: damaged header at byte ${at}.`);
    if (at + BLOCK + size > archive.length)
      throw new Error(`tar: a file of ${size} bytes at ${at} exceeds the archive.`);
    const kind = text(header, 156, 1);
    if (kind === "" || kind === "0") {
      files.push({ name: text(header, 0, 100), bytes: archive.subarray(at + BLOCK, at + BLOCK + size) });
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
