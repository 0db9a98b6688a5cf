/**
 * A UUID (version 8, RFC 9562: own layout) for a nucleus: 62 bits from the name space, 48 bits the id. QuPath keeps an object's
 * id only if it is a UUID; the same name space and id always give the same one, so a second export updates the first.
 */
export function nucleusUuid(id: number, namespace = ""): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < namespace.length; i++) {
    // Two FNV-1a style hashes with different primes; names need not be secret, only apart.
    a = Math.imul(a ^ namespace.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ namespace.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0").slice(-digits);
  const high = hex(a >>> 0, 8);
  const low = hex(b >>> 0, 8);
  return `${high}-${low.slice(0, 4)}-8${low.slice(4, 7)}-8${hex((a ^ b) & 0xfff, 3)}-${hex(id, 12)}`;
}
