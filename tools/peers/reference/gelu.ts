/** The error function in double precision: a power series near zero, a continued fraction beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  let y: number;
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; n < 80 && Math.abs(term) > 1e-18; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    y = (2 / Math.sqrt(Math.PI)) * sum;
  } else {
    let f = 0;
    for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
    y = 1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f);
  }
  return x < 0 ? -y : y;
}

export const gelu = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));

/** d gelu / d x. */
export const geluSlope = (x: number): number =>
  0.5 * (1 + erf(x * Math.SQRT1_2)) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
