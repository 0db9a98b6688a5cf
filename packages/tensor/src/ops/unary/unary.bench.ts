import { type Bench, Random } from "@ama-sam/testing";
import { type Device, tensor } from "../../index";
import { gelu } from "./unary";

export const benches: Bench[] = [
  {
    name: "gelu 4096x3072",
    flops: 0,
    bytes: 2 * 4 * 4096 * 3072,
    setup: (device: Device) => {
      const x = tensor(device, new Random(2).normals(4096 * 3072), [4096, 3072]);
      return { run: () => gelu(x).dispose(), dispose: () => x.dispose() };
    },
  },
];
