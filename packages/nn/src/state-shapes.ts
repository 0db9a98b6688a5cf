import type { Shape } from "@ama-sam/tensor";
import { Build, type Module } from "./module";
import { NO_DEVICE } from "./no-device";

/**
 * Names and shapes of a module's state dict without a GPU and without memory: to compare a checkpoint with a model before
 * anything is allocated.
 *
 * `stateShapes((build) => new ImageEncoder(build, samVitH))`
 */
export function stateShapes(make: (build: Build) => Module): Map<string, Shape> {
  return new Map([...make(new Build(NO_DEVICE)).stateDict()].map(([name, t]) => [name, t.shape]));
}
