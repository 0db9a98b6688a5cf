import { forcedFamily } from "../../debug/flags";
import { KernelError } from "../../errors";
import { QUAD_LANES } from "../../kernel/narrow-subgroup";
import { hasMatrixUnits, matrixTakes } from "./matrix";
import { PANEL_LANES, panelsTake } from "./panels";
import type { Product } from "./spec";
import { tileTakes } from "./tile";
import { windowsCan, windowsTake } from "./windows";

/**
 * How a product is computed: on software adapters by subgroups of one narrow size, of four lanes that swap rows (quad), of eight
 * that broadcast them (subgroup), the larger products with both operands in panels, the largest with the first one's read through
 * windows; on tiles in workgroup memory (GPUs), on the matrix units (GPUs that have them, for weights stored f16), or straight from
 * storage.
 */
export type ProductFamily = "quad" | "windows" | "panels" | "subgroup" | "tile" | "matrix" | "direct";

/**
 * The family for a product, by adapter and operands; `TENSOR_FAMILY=matmul:NAME` forces one, where the operands suit it.
 * @param subgroup the adapter's one narrow subgroup size, or 0
 * @throws KernelError for a forced family that the adapter has no kernel of
 */
export function productFamily(spec: Product, subgroup: number): ProductFamily {
  const { device } = spec.y;
  const forced = forcedFamily("matmul");
  const units = hasMatrixUnits(device);
  const runs = [
    "tile",
    "direct",
    ...(subgroup === PANEL_LANES ? ["windows", "panels", "subgroup"] : []),
    ...(subgroup === QUAD_LANES ? ["quad"] : []),
    ...(units ? ["matrix"] : []),
  ];
  if (forced !== undefined && !runs.includes(forced)) {
    throw new KernelError(
      "matmul",
      `the forced family does not run here. Got ${forced} on ${device.info.name}. Expected ${runs.join(", ")}.`,
    );
  }
  if (forced === "windows") return windowsCan(spec) ? forced : "panels";
  if (forced === "direct" || forced === "subgroup" || forced === "panels" || forced === "quad") return forced;
  if (forced === undefined && subgroup === QUAD_LANES) return "quad";
  if (forced === undefined && subgroup === PANEL_LANES) {
    return windowsTake(spec) ? "windows" : panelsTake(spec) ? "panels" : "subgroup";
  }
  if (units && forced !== "tile" && matrixTakes(spec)) return "matrix";
  const tile = forced !== undefined || device.info.kind !== "software";
  return tile && tileTakes(spec) ? "tile" : "direct";
}
