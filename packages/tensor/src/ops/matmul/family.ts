import { forcedFamily } from "../../debug/flags";
import { KernelError } from "../../errors";
import type { Product } from "./spec";

/**
 * How a product is computed: by subgroups of one narrow size (software adapters), on tiles in workgroup memory (GPUs), or
 * straight from storage.
 */
export type ProductFamily = "subgroup" | "tile" | "direct";
const FAMILIES: readonly string[] = ["subgroup", "tile", "direct"];

/**
 * The family for a product, by adapter and operands; `TENSOR_FAMILY=matmul:NAME` forces one.
 * @param subgroup the adapter's one narrow subgroup size, or 0
 * @throws KernelError for a forced family that the adapter has no kernel of
 */
export function productFamily({ y: { device } }: Product, subgroup: number): ProductFamily {
  const forced = forcedFamily("matmul");
  if (forced !== undefined && (!FAMILIES.includes(forced) || (forced === "subgroup" && subgroup === 0))) {
    throw new KernelError(
      "matmul",
      `the forced family does not run here. Got ${forced} on ${device.info.name}. Expected tile, direct${subgroup > 0 ? " or subgroup" : ""}.`,
    );
  }
  if (forced !== undefined) return forced as ProductFamily;
  if (subgroup > 0) return "subgroup";
  return device.info.kind === "software" ? "direct" : "tile";
}
