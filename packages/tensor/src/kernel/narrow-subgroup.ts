import type { Device } from "../device/device";

/** Lanes of a subgroup, and rows and columns of a product's tile, that the kernels on quads are written for (lib/quad.wgsl). */
export const QUAD_LANES = 4;
export const QUAD_TILE = 16;

/**
 * The size of a software adapter's subgroups, where it is one that kernels are written for (lavapipe 8, SwiftShader 4); else 0. Those
 * kernels keep thousands of values per subgroup, which a processor holds in its cache and a GPU's registers do not: a GPU with
 * subgroups as narrow gets the kernels for GPUs.
 */
export function narrowSubgroup({ abilities, info }: Device): 8 | 4 | 0 {
  const { subgroups, subgroupMinSize: size, subgroupMaxSize } = abilities;
  if (info.kind !== "software" || !subgroups || size !== subgroupMaxSize) return 0;
  return size === 8 || size === 4 ? size : 0;
}
