import { type Augmentation, noAugmentation } from "@ama-sam/data";
import type { Config } from "./config";

/** The augmentation that a configuration asks for, in the form of `@ama-sam/data`. */
export function augmentation({ data: { augment } }: Config): Augmentation {
  if (augment === "none") return noAugmentation;
  const { fit, flip, rotate, scale, brightness, contrast, saturation, hue, stainScale, stainShift } = augment;
  return {
    fit,
    flip,
    rotate,
    scale: [scale[0], scale[1]],
    color: { brightness, contrast, saturation, hue },
    stain: { scale: stainScale, shift: stainShift },
  };
}
