import { cocoCounts, compressCounts } from "./coco-rle";
import { cropMask } from "./contours";
import { findInstances } from "./find-instances";
import type { LabelInput } from "./label-map";

/** One nucleus in COCO's annotation format. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly segmentation: { readonly size: readonly [height: number, width: number]; readonly counts: string };
  readonly area: number;
  /** Left, top, width, height in pixels. */
  readonly bbox: readonly [number, number, number, number];
  readonly iscrowd: 0;
}

/**
 * The nuclei of a label map as COCO annotations with run-length masks, ids ascending, one at a time. `id` is `firstId` (default 1)
 * and up, since COCO wants ids unique over all images of a file.
 *
 * @throws InstancesError if the array does not fill the image or holds a negative label
 */
export function* cocoAnnotations(
  map: LabelInput,
  options: { imageId: number; categoryId?: number; firstId?: number },
): Generator<CocoAnnotation> {
  const { imageId, categoryId = 1, firstId = 1 } = options;
  const { width, height } = map;
  const table = findInstances(map);
  for (let k = 0; k < table.ids.length; k++) {
    const [x0, y0] = [table.x0[k]!, table.y0[k]!];
    const [w, h] = [table.x1[k]! - x0, table.y1[k]! - y0];
    yield {
      id: firstId + k,
      image_id: imageId,
      category_id: categoryId,
      segmentation: {
        size: [height, width],
        counts: compressCounts(cocoCounts(cropMask(map, table, k), w, h, x0, y0, width, height)),
      },
      area: table.area[k]!,
      bbox: [x0, y0, w, h],
      iscrowd: 0,
    };
  }
}
