import { type Bench, Random } from "@ama-sam/testing";
import { type Device, type Tensor, tensor } from "../../index";
import { windowPartition } from "./windows";

const shape = [1, 64, 64, 768];
const count = 64 * 64 * 768;

const bench = (name: string, written: number, op: (x: Tensor) => Tensor): Bench => ({
  name,
  flops: 0,
  bytes: 4 * (count + written),
  setup: (device: Device) => {
    const x = tensor(device, new Random(1).normals(count), shape);
    return { run: () => op(x).dispose(), dispose: () => x.dispose() };
  },
});

export const benches: Bench[] = [
  bench("windowPartition 64x64x768 by 14", 70 * 70 * 768, (x) => windowPartition(x, 14)),
];
