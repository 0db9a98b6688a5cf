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
