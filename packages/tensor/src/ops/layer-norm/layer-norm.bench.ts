import { type Bench, Random } from "@ama-sam/testing";
import { backward, type Device, noGrad, type Tensor, tensor, zeroGrad } from "../../index";
import { layerNorm } from "./layer-norm";

const [rows, cols] = [4096, 768];

function make(device: Device, requiresGrad: boolean): { x: Tensor; weight: Tensor; bias: Tensor; gradient: Tensor } {
  const random = new Random(1);
  const shape = [rows, cols];
  return {
    x: tensor(device, random.normals(rows * cols), shape, { requiresGrad }),
    weight: tensor(device, random.normals(cols)),
    bias: tensor(device, random.normals(cols)),
    gradient: tensor(device, random.normals(rows * cols), shape),
  };
}

export const benches: Bench[] = [
  {
    name: "layerNorm 4096x768",
    flops: 0,
    bytes: 2 * 4 * rows * cols,
    setup: (device: Device) => {
      const t = make(device, false);
      return {
        run: () => noGrad(device, () => layerNorm(t.x, t.weight, t.bias, { eps: 1e-6 }).dispose()),
        dispose: () => {
          for (const x of Object.values(t)) x.dispose();
        },
      };
    },
  },
  {
    name: "layerNorm 4096x768 with dx",
    flops: 0,
    bytes: 5 * 4 * rows * cols,
    setup: (device: Device) => {
      const t = make(device, true);
      const run = () => {
        const y = layerNorm(t.x, t.weight, t.bias, { eps: 1e-6 });
        backward(y, { gradient: t.gradient });
        zeroGrad([t.x]);
        y.dispose();
      };
      return {
        run,
        dispose: () => {
          for (const x of Object.values(t)) x.dispose();
        },
      };
    },
  },
];
