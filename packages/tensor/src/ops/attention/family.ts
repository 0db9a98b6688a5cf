import { forcedFamily } from "../../debug/flags";
import type { Device } from "../../device/device";
import { KernelError } from "../../errors";
import { narrowSubgroup, QUAD_LANES } from "../../kernel/narrow-subgroup";
import type { AttentionVariant, Heads } from "./heads";
import { WIDEST } from "./subgroup";
import { tileTakes } from "./tile";
import { LANES } from "./tiles";

/** By subgroups of eight lanes that make scores tile by tile, or of four that write them out; on tiles in workgroup memory; plain. */
export type AttentionFamily = "subgroup" | "quad" | "tile" | "plain";
const FAMILIES: readonly string[] = ["subgroup", "quad", "tile", "plain"] satisfies AttentionFamily[];

/**
 * The kernels for these heads: those for subgroups of one narrow size (software adapters), tiles in workgroup memory (GPUs), or
 * plain ones, which take any shape: also where the family that is asked for does not take it.
 * @throws KernelError when `TENSOR_FAMILY` names a family of attention that does not exist
 */
export function attentionFamily(device: Device, h: Heads, variant: AttentionVariant = "auto"): AttentionFamily {
  const forced = forcedFamily("attention");
  if (forced !== undefined && !FAMILIES.includes(forced))
    throw new KernelError("attention", `no such family. Got ${forced}. Expected ${FAMILIES.join(", ")}.`);
  const wanted = variant === "auto" ? forced : variant;
  if (wanted === "plain") return "plain";
  const narrow = wanted === "tile" ? null : narrowFamily(device, h);
  if (narrow) return narrow;
  const tile = wanted === "tile" || (wanted === undefined && device.info.kind !== "software");
  return tile && tileTakes(device, h) ? "tile" : "plain";
}

/** The family for a software adapter's one narrow subgroup size, for heads of whole vec4 that its kernels hold. */
function narrowFamily(device: Device, { dim, q, kv, y, kOffset, vOffset }: Heads): "subgroup" | "quad" | null {
  const lanes = narrowSubgroup(device);
  if (![dim, q.row, kv.row, y.row, kOffset, vOffset].every((n) => n % 4 === 0)) return null;
  if (lanes === QUAD_LANES) return "quad";
  return lanes === LANES && dim <= WIDEST ? "subgroup" : null;
}
