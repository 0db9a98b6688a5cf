import { KernelError } from "../errors";

/** Values of a kernel's tunables: numbers and booleans for `const` lines, type names for `alias` lines. */
export type KernelParams = Record<string, number | boolean | string>;

const LITERAL: Record<string, (value: number | boolean) => string> = {
  u32: (v) => `${v}u`,
  i32: (v) => `${v}i`,
  f32: (v) => (Number.isInteger(v) ? `${v}.0` : String(v)),
  bool: (v) => String(Boolean(v)),
};

/**
 * Rewrites the declared tunables of a WGSL source, and nothing else: `const NAME: TYPE = value;` and `alias NAME = type;`.
 * `enable` lines move to the top, and an f16 alias adds its own.
 * @throws KernelError for a tunable that the source does not declare.
 */
export function specialize(name: string, source: string, params: KernelParams): string {
  let code = source;
  const enables = new Set<string>();
  code = code.replace(/^[ \t]*enable\s+([\w, ]+);[ \t]*\n?/gm, (_, what: string) => {
    for (const feature of what.split(",")) enables.add(feature.trim());
    return "";
  });
  for (const [key, value] of Object.entries(params)) {
    const constant = new RegExp(`^(const ${key}\\s*:\\s*(\\w+)\\s*=\\s*)[^;]+;`, "m");
    const alias = new RegExp(`^(alias ${key}\\s*=\\s*)[^;]+;`, "m");
    const asConstant = constant.exec(code);
    if (asConstant && typeof value !== "string") {
      const literal = LITERAL[asConstant[2]];
      if (!literal)
        throw new KernelError(
          name,
          `tunable ${key} has type ${asConstant[2]}. Expected one of ${Object.keys(LITERAL).join(", ")}.`,
        );
      code = code.replace(constant, `$1${literal(value)};`);
    } else if (alias.test(code) && typeof value === "string") {
      code = code.replace(alias, `$1${value};`);
      if (value.includes("f16") || /vec\dh/.test(value)) enables.add("f16");
    } else {
      throw new KernelError(
        name,
        `no tunable of that kind. Got ${key} = ${value}. Expected a line "const ${key}: TYPE = ...;" or "alias ${key} = ...;" in the WGSL.`,
      );
    }
  }
  return `${[...enables].map((feature) => `enable ${feature};\n`).join("")}${code}`;
}
