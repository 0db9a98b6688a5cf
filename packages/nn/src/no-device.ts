import { type Device, type Shape, Tensor } from "@ama-sam/tensor";
import { ModuleError } from "./errors";

/** Stands for a device where a model is built for its shapes only; any use of it is an error that says so. */
export const NO_DEVICE: Device = /* @__PURE__ */ new Proxy({} as Device, {
  get(_, key) {
    throw new ModuleError(
      "stateShapes",
      `a module without a device was used. Got a read of device.${String(key)}. Expected constructors only; build the module on a device to run it.`,
    );
  },
});

/** A tensor that has a shape and a name, and no bytes. */
export function shapeOnly(shape: Shape, name: string): Tensor {
  const made = new Tensor({ device: NO_DEVICE, block: undefined as never, refs: 0 }, [...shape], "f32", false);
  made.name = name;
  return made;
}
