import { type Bench, Random } from "@ama-sam/testing";
import { type Device, tensor } from "../../index";
import { linear } from "./linear";

/** ViT-B's products: projection, qkv, both layers of the MLP, both of the adapter. */
const SHAPES: [number, number, number, boolean][] = [
  [4096, 768, 768, false],
  [4096, 768, 192, false],
  [1024, 768, 2304, false],
  [4096, 768, 3072, true],
  [4096, 3072, 768, true],
];

export const benches: Bench[] = SHAPES.map(([m, k, n, large]) => ({
  name: `linear ${m}x${k}x${n}`,
  flops: 2 * m * n * k,
  bytes: 4 * (m * k + n * k + m * n),
  large,
  setup: (device: Device) => {
    const random = new Random(1);
    const x = tensor(device, random.normals(m * k), [m, k]);
    const w = tensor(device, random.normals(n * k), [n, k]);
    const b = tensor(device, random.normals(n), [n]);
    return { run: () => linear(x, w, b).dispose(), dispose: () => [x, w, b].forEach((t) => t.dispose()) };
  },
}));
