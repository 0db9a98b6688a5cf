import type { Device } from "../../device/device";
import { type Bindable, defineKernel } from "../define-kernel";
import convertWgsl from "./convert.wgsl";
import { elementGrid } from "./grid";

const types = ["vec4<f32>", "vec4<f16>", "vec4<i32>", "vec4<u32>"] as const;

export const castKernel = /* @__PURE__ */ defineKernel({
  name: "cast",
  source: [convertWgsl],
  params: { WG: [64], In: types, Out: types },
  uniforms: { count: "u32", per: "u32" },
});

/** A tensor, as far as a kernel knows it. */
interface Elements extends Bindable {
  readonly device: Device;
  readonly dtype: string;
  readonly size: number;
}

/** Writes x's values into y, which has another element type. */
export function convert(x: Elements, y: Elements): void {
  const count = Math.ceil(y.size / 4);
  const { per, groups } = elementGrid(y.device, count);
  castKernel.run(y.device, { x, y }, { count, per }, groups, { In: `vec4<${x.dtype}>`, Out: `vec4<${y.dtype}>` });
}
