import { type Bench, Random } from "@ama-sam/testing";
import { backward, type Device, noGrad, tensor, zeroGrad } from "../../index";
import { softmax } from "./softmax";

const shape = [58800, 196];
const count = shape[0] * shape[1];

export const benches: Bench[] = [
  {
    name: "softmax 58800x196",
    flops: 0,
    bytes: 2 * 4 * count,
    setup: (device: Device) => {
      const x = tensor(device, new Random(1).normals(count), shape);
      return { run: () => noGrad(device, () => softmax(x).dispose()), dispose: () => x.dispose() };
    },
  },
  {
    name: "softmax 58800x196 with gradient",
    flops: 0,
    bytes: 5 * 4 * count,
    setup: (device: Device) => {
      const x = tensor(device, new Random(1).normals(count), shape, { requiresGrad: true });
      const gradient = tensor(device, new Random(2).normals(count), shape);
      const run = () => {
        const y = softmax(x);
        backward(y, { gradient });
        zeroGrad([x]);
        y.dispose();
      };
      return {
        run,
        dispose: () => {
          x.dispose();
          gradient.dispose();
        },
      };
    },
  },
];
