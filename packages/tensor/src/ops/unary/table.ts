/** One elementwise op: `f` of x, `df` of what is saved (`x` or `y`), both WGSL on vec4f; `ref` in float64. */
export interface UnaryRow {
  f: string;
  df: string;
  saves: "x" | "y";
  ref: (x: number) => number;
}

/** The error function, to double precision: a series near 0, a continued fraction in the tails. */
export function erfRef(x: number): number {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  if (t < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (t + f);
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + f));
}

export function geluRef(x: number): number {
  return 0.5 * x * (1 + erfRef(x / Math.SQRT2));
}

/** Every unary op without settings. One row is one op. */
export const UNARY = {
  neg: { f: "-x", df: "vec4f(-1.0)", saves: "x", ref: (x) => -x },
  relu: {
    f: "max(x, vec4f(0.0))",
    df: "select(vec4f(0.0), vec4f(1.0), s > vec4f(0.0))",
    saves: "y",
    ref: (x) => Math.max(x, 0),
  },
  gelu: { f: "gelu4(x)", df: "geluGrad4(s)", saves: "x", ref: geluRef },
  sigmoid: {
    f: "select(exp(min(x, vec4f(0.0))), vec4f(1.0), x >= vec4f(0.0)) / (1.0 + exp(-abs(x)))",
    df: "s * (1.0 - s)",
    saves: "y",
    ref: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  },
  softplus: {
    f: "max(x, vec4f(0.0)) + log(1.0 + exp(-abs(x)))",
    df: "select(exp(min(s, vec4f(0.0))), vec4f(1.0), s >= vec4f(0.0)) / (1.0 + exp(-abs(s)))",
    saves: "x",
    ref: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  },
  exp: { f: "exp(x)", df: "s", saves: "y", ref: Math.exp },
  log: { f: "log(x)", df: "1.0 / s", saves: "x", ref: Math.log },
  sqrt: { f: "sqrt(x)", df: "0.5 / s", saves: "y", ref: Math.sqrt },
  square: { f: "x * x", df: "2.0 * s", saves: "x", ref: (x) => x * x },
  abs: { f: "abs(x)", df: "sign(s)", saves: "x", ref: Math.abs },
  tanh: {
    f: "1.0 - 2.0 / (exp(2.0 * clamp(x, vec4f(-20.0), vec4f(20.0))) + 1.0)",
    df: "1.0 - s * s",
    saves: "y",
    ref: Math.tanh,
  },
} as const satisfies Record<string, UnaryRow>;

export type UnaryName = keyof typeof UNARY;
