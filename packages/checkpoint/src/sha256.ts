import { type ByteInput, readExactly, toByteSource } from "./byte-source";
import { CheckpointError } from "./errors";

/** The first 32 bits of the fractional parts of the cube roots (rounds) and square roots (start state) of the first primes. */
function constants(): { rounds: Int32Array; start: Int32Array } {
  // Signed, so that engines keep every word in an integer register: unsigned words above 2^31 become doubles, several times slower.
  const rounds = new Int32Array(64);
  const start = new Int32Array(8);
  const fraction = (x: number) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (!prime) continue;
    if (found < 8) start[found] = fraction(Math.sqrt(n));
    rounds[found++] = fraction(Math.cbrt(n));
  }
  return { rounds, start };
}

/**
 * SHA-256 over bytes that arrive in pieces (WebCrypto's digest needs all of them at once).
 * Source: FIPS 180-4. Example: `new Sha256().update(bytes).hex()`.
 */
export class Sha256 {
  readonly #rounds: Int32Array;
  readonly #state: Int32Array;
  readonly #words = new Int32Array(64);
  readonly #block = new Uint8Array(64);
  #filled = 0;
  #length = 0;
  #done = false;

  constructor() {
    const { rounds, start } = constants();
    this.#rounds = rounds;
    this.#state = start;
  }

  /** Adds bytes; returns itself. Throws `argument` after `digest`. */
  update(bytes: Uint8Array): this {
    if (this.#done) throw new CheckpointError("argument", "[Sha256] update after digest. Start a new Sha256.");
    this.#length += bytes.length;
    let i = 0;
    if (this.#filled > 0) {
      const take = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, take), this.#filled);
      this.#filled += take;
      i = take;
      if (this.#filled < 64) return this;
      this.#fold(this.#block, 0);
      this.#filled = 0;
    }
    for (; i + 64 <= bytes.length; i += 64) this.#fold(bytes, i);
    this.#block.set(bytes.subarray(i));
    this.#filled = bytes.length - i;
    return this;
  }

  /** The 32 bytes of the hash; nothing can be added afterwards. */
  digest(): Uint8Array {
    if (!this.#done) {
      const bits = this.#length * 8;
      const padding = new Uint8Array((this.#filled < 56 ? 56 : 120) - this.#filled + 8);
      padding[0] = 0x80;
      const view = new DataView(padding.buffer);
      view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
      view.setUint32(padding.length - 4, bits >>> 0);
      this.update(padding);
      this.#done = true;
    }
    const out = new Uint8Array(32);
    const view = new DataView(out.buffer);
    for (let i = 0; i < 8; i++) view.setUint32(i * 4, this.#state[i] as number);
    return out;
  }

  /** The hash as 64 lower-case hexadecimal digits. */
  hex(): string {
    return Array.from(this.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #fold(bytes: Uint8Array, at: number): void {
    const w = this.#words;
    const k = this.#rounds;
    const s = this.#state;
    for (let t = 0; t < 16; t++) {
      const i = at + t * 4;
      w[t] =
        ((bytes[i] as number) << 24) |
        ((bytes[i + 1] as number) << 16) |
        ((bytes[i + 2] as number) << 8) |
        (bytes[i + 3] as number);
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15] as number;
      const y = w[t - 2] as number;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = ((w[t - 16] as number) + s0 + (w[t - 7] as number) + s1) | 0;
    }
    let a = s[0] as number;
    let b = s[1] as number;
    let c = s[2] as number;
    let d = s[3] as number;
    let e = s[4] as number;
    let f = s[5] as number;
    let g = s[6] as number;
    let h = s[7] as number;
    for (let t = 0; t < 64; t++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (k[t] as number) + (w[t] as number)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    s[0] = (s[0] as number) + a;
    s[1] = (s[1] as number) + b;
    s[2] = (s[2] as number) + c;
    s[3] = (s[3] as number) + d;
    s[4] = (s[4] as number) + e;
    s[5] = (s[5] as number) + f;
    s[6] = (s[6] as number) + g;
    s[7] = (s[7] as number) + h;
  }
}

/**
 * SHA-256 of a file in hexadecimal, read in pieces of 4 MiB: the name by which a small fine-tune refers to its base checkpoint.
 * Also takes chunks (the output of `safetensorsChunks`, a fetch body) as an iterable.
 */
export async function sha256(input: ByteInput | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = new Sha256();
  const isBytes = input instanceof Uint8Array;
  if (!isBytes && typeof input === "object" && (Symbol.asyncIterator in input || Symbol.iterator in input)) {
    for await (const chunk of input as AsyncIterable<Uint8Array>) hash.update(chunk);
    return hash.hex();
  }
  const source = toByteSource(input as ByteInput);
  const piece = 4 * 1024 * 1024;
  for (let at = 0; at < source.size; at += piece) {
    hash.update(await readExactly(source, at, Math.min(piece, source.size - at), "the file to hash"));
  }
  return hash.hex();
}
