/** Kernels that do the same kind of work. */
export type Family =
  | "products"
  | "attention"
  | "layer norm"
  | "columns"
  | "layout"
  | "elementwise"
  | "sums"
  | "optimiser";

const FAMILIES: [RegExp, Family][] = [
  [/^matmul-(?!pack)/, "products"],
  [/^(attention|rel-pos)-/, "attention"],
  [/^layer-norm/, "layer norm"],
  [/^conv2d-/, "columns"],
  [/^(matmul-pack|strided-copy|transpose|windows|cat|pad|pixel-shuffle|cast)/, "layout"],
  [/^(reduce-sum|grad-norm|dice-focal)/, "sums"],
  [/^adam/, "optimiser"],
];

/** Which family a kernel belongs to, by its name; anything else works element by element. */
export function familyOf(kernel: string): Family {
  return FAMILIES.find(([pattern]) => pattern.test(kernel))?.[1] ?? "elementwise";
}

type Uniforms = Readonly<Record<string, number>>;

/** Floating-point operations per pair of a query and a key, and per channel; backward computes the scores again. */
const PER_PAIR: [RegExp, number][] = [
  [/^attention-grad-q-/, 6],
  [/^attention-grad-kv-/, 8],
  [/^attention-(plain|tile)/, 4],
  [/^attention-(pack|stats)/, 0],
];

function needed(kernel: string, uniforms: Uniforms, names: readonly string[]): number[] {
  return names.map((name) => {
    if (!(name in uniforms))
      throw new Error(
        `[flopsOf] ${kernel} has no ${name}. Got ${Object.keys(uniforms).join(", ")}. Adapt the formula.`,
      );
    return uniforms[name];
  });
}

/** Width of a head, which kernels are told in numbers, in vec4 (dv), or as half of it in vec4 (hv). */
function widthOf(kernel: string, uniforms: Uniforms): number {
  if ("dv" in uniforms) return 4 * uniforms.dv;
  if ("hv" in uniforms) return 8 * uniforms.hv;
  return needed(kernel, uniforms, ["dim"])[0];
}

/**
 * Floating-point operations of one launch on an adapter without narrow subgroups, from its uniforms: those of products, attention
 * and its position bias. Other kernels are bounded by what they move, and count as 0.
 */
export function flopsOf(kernel: string, uniforms: Uniforms): number {
  if (familyOf(kernel) === "products") {
    const [m, n, k, tiles, tilesM] = needed(kernel, uniforms, ["m", "n", "k", "tiles", "tilesM"]);
    return (2 * m * n * k * tiles) / tilesM;
  }
  if (kernel.startsWith("attention-")) {
    const pair = PER_PAIR.find(([pattern]) => pattern.test(kernel))?.[1];
    if (pair === undefined)
      throw new Error(`[flopsOf] no formula for ${kernel}. Expected one in tools/cost/families.ts.`);
    if (pair === 0) return 0;
    const [count, nq, nk] = needed(kernel, uniforms, ["count", "nq", "nk"]);
    const dim = widthOf(kernel, uniforms);
    return pair * count * nq * nk * dim;
  }
  if (kernel === "rel-pos-bias" || kernel === "rel-pos-grad-q") {
    const [count, h, w, dim] = needed(kernel, uniforms, ["count", "h", "w", "dim"]);
    return 2 * count * h * w * (h + w) * dim;
  }
  return 0;
}
