import type { Device } from "../../device/device";
import { KernelError } from "../../errors";
import { spread } from "../define-kernel";
import type { KernelParams } from "../specialize";

/** How a kernel treats one row: a subgroup that holds it in registers or walks it several times, or lanes that share workgroup memory. */
export type RowFamily = "subgroup" | "walk" | "plain";

/** Tunables of the subgroup family: lanes, elements that a lane holds, element type. */
export const SUBGROUP_PARAMS = {
  S: [8, 4, 16, 32, 64, 128],
  PARTS: [4, 1],
  ITEMS: [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48],
  Elem: ["vec4f", "f32"],
} as const;
/** Tunables of the walking family. */
export const WALK_PARAMS = { S: [4, 8], PARTS: [4, 1], Elem: ["vec4f", "f32"] } as const;
/** Tunables of the plain family: lanes that share a row, out of 64 in a workgroup. */
export const PLAIN_PARAMS = { LANES: [64, 16, 4, 1], PARTS: [4, 1], Elem: ["vec4f", "f32"] } as const;

/** A choice of kernel for `rows` rows of `cols` elements. */
export interface RowPlan {
  family: RowFamily;
  params: KernelParams;
  /** Row length in `Elem`. */
  width: number;
  /** Rows that a subgroup does one after the other. */
  per: number;
  groups: [number, number];
}

/** The one size of the adapter's subgroups; 0 when there are none or sizes vary. */
function subgroupSize(device: Device): number {
  const { subgroups, subgroupMinSize, subgroupMaxSize } = device.abilities;
  const known = (SUBGROUP_PARAMS.S as readonly number[]).includes(subgroupMaxSize);
  return subgroups && subgroupMinSize === subgroupMaxSize && known ? subgroupMaxSize : 0;
}

/**
 * Chooses how rows are shared out. The subgroup family needs subgroups of one size and rows that fit its registers; it reads
 * each row once. On a CPU-backed adapter it takes several rows per workgroup, because each workgroup costs about a microsecond
 * there, and the plain family keeps one lane to a row, because barriers are slow.
 * @param family forces one, for tests and benches
 */
export function rowPlan(name: string, device: Device, rows: number, cols: number, family?: RowFamily): RowPlan {
  const vec = cols % 4 === 0;
  const width = vec ? cols / 4 : cols;
  const elem = vec ? { Elem: "vec4f", PARTS: 4 } : { Elem: "f32", PARTS: 1 };
  const S = subgroupSize(device);
  const software = device.info.kind === "software";
  const needed = S > 0 ? Math.ceil(width / S) : Number.POSITIVE_INFINITY;
  const ITEMS = SUBGROUP_PARAMS.ITEMS.find((n) => n >= needed);
  if (family === "subgroup" && ITEMS === undefined)
    throw new KernelError(
      name,
      `the subgroup kernel does not fit. Got rows of ${cols} on subgroups of ${S}. Expected one subgroup size and at most ${48 * S} ${elem.Elem}.`,
    );
  const narrow = (WALK_PARAMS.S as readonly number[]).includes(S);
  if (family === "walk" && !narrow)
    throw new KernelError(
      name,
      `the walking kernel does not fit. Got subgroups of ${S}. Expected one size of ${WALK_PARAMS.S.join(" or ")}.`,
    );
  // Where registers are few, an array in a lane's own memory costs what a buffer costs: SwiftShader, with four lanes.
  if (family === "walk" || (family === undefined && software && S === 4 && width > S)) {
    const per = Math.max(1, Math.min(16, Math.floor(rows / 64)));
    return { family: "walk", params: { S, ...elem }, width, per, groups: spread(Math.ceil(rows / per)) };
  }
  // A short row would leave most lanes of a wide subgroup idle.
  if (family !== "plain" && ITEMS !== undefined && (family === "subgroup" || width * 2 > S)) {
    const per = software ? Math.max(1, Math.min(16, Math.floor(rows / 64))) : 1;
    return { family: "subgroup", params: { S, ITEMS, ...elem }, width, per, groups: spread(Math.ceil(rows / per)) };
  }
  const LANES = software || width < 8 ? 1 : width < 32 ? 4 : width < 128 ? 16 : 64;
  return { family: "plain", params: { LANES, ...elem }, width, per: 1, groups: spread(Math.ceil((rows * LANES) / 64)) };
}
