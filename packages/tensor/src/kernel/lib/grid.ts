import type { Device } from "../../device/device";
import { spread } from "../define-kernel";

/** How a kernel with 64 lanes walks over `count` elements: `per` rounds in each workgroup. */
export interface Grid {
  per: number;
  groups: [number, number];
}

/**
 * Spreads `count` elements over workgroups of `lanes`. On a CPU-backed adapter every workgroup costs about a microsecond, so
 * a workgroup makes many rounds there (measured: a copy runs three times faster); a GPU wants all the workgroups it can get.
 */
export function elementGrid(device: Device, count: number, lanes = 64): Grid {
  const groups = Math.ceil(count / lanes);
  const per = device.info.kind === "software" ? Math.max(1, Math.min(32, Math.floor(groups / 16))) : 1;
  return { per, groups: spread(Math.ceil(groups / per)) };
}
