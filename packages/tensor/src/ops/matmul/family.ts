import { forcedFamily } from "../../debug/flags";
import { KernelError } from "../../errors";
import { hasMatrixUnits, matrixTakes } from "./matrix";
import { PANEL_LANES, panelsTake } from "./panels";
import type { Product } from "./spec";
import { tileTakes } from "./tile";
import { windowsTake } from "./windows";

/**
 * How a product is computed: by subgroups of one narrow size (software adapters), where that size is eight the larger ones with
 * both operands in panels, the largest with the second one's read through windows; on tiles in workgroup memory (GPUs), on the matrix units (GPUs that have them, for weights stored f16), or
 * straight from storage.
 */
export type ProductFamily = "windows" | "panels" | "subgroup" | "tile" | "matrix" | "direct";

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
    ...(subgroup > 0 ? ["subgroup"] : []),
    ...(subgroup === PANEL_LANES ? ["windows", "panels"] : []),
    ...(units ? ["matrix"] : []),
  ];
  if (forced !== undefined && !runs.includes(forced)) {
    throw new KernelError(
      "matmul",
      `the forced family does not run here. Got ${forced} on ${device.info.name}. Expected ${runs.join(", ")}.`,
    );
  }
  if (forced === "direct" || forced === "subgroup" || forced === "panels" || forced === "windows") return forced;
  if (forced === undefined && subgroup === PANEL_LANES && windowsTake(spec)) return "windows";
  if (forced === undefined && subgroup > 0) return subgroup === PANEL_LANES && panelsTake(spec) ? "panels" : "subgroup";
  if (units && forced !== "tile" && matrixTakes(spec)) return "matrix";
  const tile = forced !== undefined || device.info.kind !== "software";
  return tile && tileTakes(spec) ? "tile" : "direct";
}
