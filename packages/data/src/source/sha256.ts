/** SHA-256 of bytes as 64 lower-case hexadecimal digits, by WebCrypto (Node >= 20, browsers on https or localhost, workers). */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  // A view on a shared buffer is refused by WebCrypto, hence the copy where it is not a plain ArrayBuffer.
  const input = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
