import { type Bindable, Kernel, Tensor } from "@ama-sam/tensor";
import { type Family, familyOf } from "./families";

/** Work of one family of kernels. */
export interface Work {
  launches: number;
  flops: number;
  /** Every tensor that a launch names, once, or the part that it tells: what must move if no cache keeps it between launches. */
  bytes: number;
}

export type WorkByFamily = Partial<Record<Family, Work>>;

const bytesOf = (x: Bindable): number => (x instanceof Tensor ? x.bytes : (x.binding.size ?? 0));

/** Runs `fn` and counts every launch in it. */
export function countLaunches(fn: () => void): WorkByFamily {
  const found: WorkByFamily = {};
  const { run } = Kernel.prototype;
  Kernel.prototype.run = function (this: Kernel, ...args: Parameters<typeof run>) {
    const [, tensors, , , , flops = 0, bytes] = args; // kernels bounded by what they move tell no flops
    const family = familyOf(this.name);
    const work = (found[family] ??= { launches: 0, flops: 0, bytes: 0 });
    work.launches++;
    work.flops += flops;
    for (const tensor of bytes === undefined ? new Set(Object.values(tensors)) : []) work.bytes += bytesOf(tensor);
    work.bytes += bytes ?? 0;
    return run.apply(this, args);
  };
  try {
    fn();
  } finally {
    Kernel.prototype.run = run;
  }
  return found;
}

/** Sums over families. */
export function total(work: WorkByFamily): Work {
  const sum = { launches: 0, flops: 0, bytes: 0 };
  for (const { launches, flops, bytes } of Object.values(work)) {
    sum.launches += launches;
    sum.flops += flops;
    sum.bytes += bytes;
  }
  return sum;
}
