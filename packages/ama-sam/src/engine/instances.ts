import { components, type LabelMap, watershed } from "@ama-sam/instances";
import { AmaSamError } from "../errors";

/** How a mask becomes nuclei. */
export interface InstanceOptions {
  /** Connected components (default, the plain protocol), or a watershed that splits touching nuclei. */
  method?: "components" | "watershed";
  connectivity?: 4 | 8;
  /** Nuclei of fewer pixels are dropped. Default 10. */
  minArea?: number;
  fillHoles?: boolean;
  /** Watershed: pixels by which a nucleus must stand out. Default 1. */
  h?: number;
}

/**
 * Nuclei of a mask (0 or 1, row-major) by the chosen protocol of `@ama-sam/instances`.
 * @throws AmaSamError for another method
 */
export function labelMask(mask: Uint8Array, width: number, height: number, options: InstanceOptions = {}): LabelMap {
  const { method = "components", connectivity = 4, minArea = 10, fillHoles = true, h = 1 } = options;
  const common = { width, height, connectivity, minArea, fillHoles };
  if (method !== "watershed" && method !== "components")
    throw new AmaSamError("labelMask", `unknown method. Got ${method}. Expected components or watershed.`);
  return method === "watershed" ? watershed(mask, { ...common, h }) : components(mask, common);
}
