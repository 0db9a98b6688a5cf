import { forcedFamily } from "../../debug/flags";
import { KernelError } from "../../errors";
import type { Product } from "./spec";
import { tileTakes } from "./tile";

/**
 * How a product is computed: by subgroups of one narrow size (software adapters), on tiles in workgroup memory (GPUs), or
 * straight from storage.
 */
export type ProductFamily = "subgroup" | "tile" | "direct";
const FAMILIES: readonly string[] = ["subgroup", "tile", "direct"];

/**
 * The family for a product, by adapter and operands; `TENSOR_FAMILY=matmul:NAME` forces one, where the operands suit it.
 * @param subgroup the adapter's one narrow subgroup size, or 0
 * @throws KernelError for a forced family that the adapter has no kernel of
 */
export function productFamily(spec: Product, subgroup: number): ProductFamily {
  const { device } = spec.y;
  const forced = forcedFamily("matmul");
  if (forced !== undefined && (!FAMILIES.includes(forced) || (forced === "subgroup" && subgroup === 0))) {
    throw new KernelError(
      "matmul",
      `the forced family does not run here. Got ${forced} on ${device.info.name}. Expected tile, direct${subgroup > 0 ? " or subgroup" : ""}.`,
    );
  }
  if (forced === "direct" || forced === "subgroup") return forced;
  if (forced === undefined && subgroup > 0) return "subgroup";
  const tile = forced === "tile" || device.info.kind !== "software";
  return tile && tileTakes(spec) ? "tile" : "direct";
}
