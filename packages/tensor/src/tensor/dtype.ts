/** Element types on the device. f16 is storage only: kernels compute in f32. */
export type DType = "f32" | "f16" | "i32" | "u32";

export const BYTES: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u32: 4 };

/** CPU side of each type; f16 travels as its bits. */
export type DataOf = {
  f32: Float32Array<ArrayBuffer>;
  f16: Uint16Array<ArrayBuffer>;
  i32: Int32Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
};

const bits = new DataView(new ArrayBuffer(4));

/** Rounds to half precision (nearest, ties to even) and returns the 16 bits. */
export function toHalf(value: number): number {
  bits.setFloat32(0, value);
  const x = bits.getUint32(0);
  const sign = (x >>> 16) & 0x8000;
  const exponent = ((x >>> 23) & 0xff) - 112;
  const mantissa = x & 0x7fffff;
  if (exponent >= 31) return sign | (((x >>> 23) & 0xff) === 255 && mantissa ? 0x7e00 : 0x7c00);
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    const full = mantissa | 0x800000;
    const shift = 14 - exponent;
    const half = full >>> shift;
    const rest = full & ((1 << shift) - 1);
    const middle = 1 << (shift - 1);
    return sign | (half + (rest > middle || (rest === middle && half & 1) ? 1 : 0));
  }
  const half = (exponent << 10) | (mantissa >>> 13);
  const rest = mantissa & 0x1fff;
  return sign | (half + (rest > 0x1000 || (rest === 0x1000 && half & 1) ? 1 : 0));
}

/** The number that 16 half-precision bits stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
