import { forcedFamily } from "../../debug/flags";
import type { Device } from "../../device/device";
import { KernelError } from "../../errors";
import type { AttentionVariant, Heads } from "./heads";
import { tileTakes } from "./tile";
import { subgroupFor } from "./tiles";

const FAMILIES: readonly string[] = ["subgroup", "tile", "plain"];

/**
 * The kernels for these heads: subgroups of one narrow size (software adapters), tiles in workgroup memory (GPUs), or plain
 * ones, which take any shape: also where the family that is asked for does not take it.
 * @throws KernelError when `TENSOR_FAMILY` names a family of attention that does not exist
 */
export function attentionFamily(
  device: Device,
  h: Heads,
  variant: AttentionVariant = "auto",
): "subgroup" | "tile" | "plain" {
  const forced = forcedFamily("attention");
  if (forced !== undefined && !FAMILIES.includes(forced))
    throw new KernelError("attention", `no such family. Got ${forced}. Expected ${FAMILIES.join(", ")}.`);
  const wanted = variant === "auto" ? forced : variant;
  if (wanted === "plain") return "plain";
  if (wanted !== "tile" && subgroupFor(device, h) > 0) return "subgroup";
  const tile = wanted === "tile" || (wanted === undefined && device.info.kind !== "software");
  return tile && tileTakes(device, h) ? "tile" : "plain";
}
