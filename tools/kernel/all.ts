import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Kernel, type KernelParams } from "@ama-sam/tensor";

/** Every kernel that a source file of a package exports, alone or in a table. */
export async function allKernels(): Promise<Map<string, Kernel>> {
  const found = new Map<string, Kernel>();
  for (const entry of readdirSync("packages", { recursive: true, encoding: "utf8" })) {
    if (
      !/^[\w-]+\/src\/.*\.ts$/.test(entry) ||
      /\.(test|bench|ref|d)\.ts$/.test(entry) ||
      /^(viewer|testing|dawn)\/|\/(fixtures|test-support)\//.test(entry)
    )
      continue;
    const module = (await import(pathToFileURL(join("packages", entry)).href)) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      const list = value instanceof Kernel ? [value] : value && typeof value === "object" ? Object.values(value) : [];
      for (const k of list) if (k instanceof Kernel) found.set(k.name, k);
    }
  }
  return found;
}

/**
 * The variants to look at: those that the kernel lists, or the one that `set` (`D=64,REL=true`) names.
 * @throws Error naming what is legal
 */
export function chosenVariants(kernel: Kernel, set: string | undefined): KernelParams[] {
  if (set === undefined) return kernel.variants();
  const params: KernelParams = {};
  for (const part of set.split(",")) {
    const [name, text] = part.split("=");
    const legal = kernel.params[name];
    const value = legal?.find((it) => String(it) === text);
    if (value === undefined)
      throw new Error(
        `${kernel.name} has no ${part}. Expected ${legal ? `${name} of ${legal.join(", ")}` : `one of ${Object.keys(kernel.params).join(", ")}`}.`,
      );
    params[name] = value;
  }
  return [kernel.resolve(params)];
}
