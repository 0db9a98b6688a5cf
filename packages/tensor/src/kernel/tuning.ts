import type { AdapterFacts, Device } from "../device/device";
import { KernelError } from "../errors";
import { TUNED } from "./tuning-table";

/** Sizes of a product: rows (of the whole batch), columns, inner dimension. */
export interface ProductShape {
  m: number;
  n: number;
  k: number;
}

/**
 * How much there is to share out: tiles of 128 x 128 several times around for a card of 130 multiprocessors, once or twice (where the last
 * round leaves many idle unless tiles are smaller), tiles of 64 x 64 for half of one, or less.
 */
export type ShapeClass = "huge" | "large" | "medium" | "small";

/** One choice: measured on an adapter (`npm run kernel -- matmul --shape MxKxN --write`), or `*`, the default for all others. */
export interface Tuned {
  kernel: string;
  /** As {@link adapterKey} spells it, or `*`. */
  adapter: string;
  shape: ShapeClass;
  params: Readonly<Record<string, number>>;
  /** What it was measured on, M x K x N, and its share of the adapter's FMA peak. */
  measured?: { on: string; share: number };
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** `nvidia/hopper`, `apple/metal-3`, `mesa/software`: vendor and architecture, which is all that a browser tells. */
export function adapterKey({ vendor, architecture }: Pick<AdapterFacts, "vendor" | "architecture">): string {
  return `${plain(vendor)}/${plain(architecture)}`;
}

/** The class of a shape, by the tiles that its result splits into. */
export function shapeClass({ m, n }: ProductShape): ShapeClass {
  const tiles = (size: number) => Math.ceil(m / size) * Math.ceil(n / size);
  if (tiles(128) >= 700) return "huge";
  if (tiles(128) >= 100) return "large";
  return tiles(64) >= 50 ? "medium" : "small";
}

/**
 * The tunables for a product: those measured on this adapter, else the first default that `fits`. A table, never a
 * measurement: what runs is the same every time.
 * @throws KernelError when nothing fits
 */
export function tunedFor<P>(device: Device, kernel: string, shape: ProductShape, fits: (params: P) => boolean): P {
  const wanted = shapeClass(shape);
  const key = adapterKey(device.info);
  for (const adapter of [key, "*"]) {
    for (const it of TUNED) {
      if (it.kernel !== kernel || it.shape !== wanted || it.adapter !== adapter) continue;
      const params = it.params as P;
      if (fits(params)) return params;
    }
  }
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = device.limits;
  throw new KernelError(
    kernel,
    `no tile fits the adapter. Got ${maxComputeWorkgroupStorageSize} bytes of workgroup memory, ${maxComputeInvocationsPerWorkgroup} lanes. Expected a row of the tuning table to fit.`,
  );
}
