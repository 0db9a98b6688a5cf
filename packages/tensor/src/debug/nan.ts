import type { Device } from "../device/device";
import { KernelError } from "../errors";
import { defineKernel } from "../kernel/define-kernel";
import { show } from "../tensor/shape";
import { empty, type Storage, type Tensor } from "../tensor/tensor";
import rangeWgsl from "./range.wgsl";

export const rangeKernel = /* @__PURE__ */ defineKernel({
  name: "debug-range",
  source: [rangeWgsl],
  params: { WG: [64], HALF: [false, true] },
  uniforms: { count: "u32", record: "u32" },
});

/** Records of one buffer; more buffers follow as needed until the next await. */
const RECORDS = 1024;

interface Range {
  name: string;
  shape: string;
  size: number;
  /** Its record; two names of the same bytes share one. */
  record: number;
}

/** One op: where it was called, and which records hold the ranges of what it read and wrote. */
interface Call {
  op: string;
  stack: string;
  inputs: Range[];
  outputs: Range[];
}

/** Looks at every op's result on the GPU, and at the next await tells the first that holds NaN or infinity. */
class FiniteWatch {
  readonly #device: Device;
  #pages: Tensor[] = [];
  #records = 0;
  #calls: Call[] = [];
  /** Record of what a storage held when an op last read or wrote it. */
  #known = new WeakMap<Storage, number>();

  constructor(device: Device) {
    this.#device = device;
  }

  see(op: string, inputs: Record<string, Tensor | null>, outputs: Record<string, Tensor | null>): void {
    const stack = userFrames((new Error("x").stack ?? "").split("\n").slice(1));
    const call: Call = { op, stack, inputs: [], outputs: [] };
    for (const [name, x] of Object.entries(inputs))
      if (x && isFloat(x)) call.inputs.push(this.#range(name, x, this.#known.get(x.storage) ?? this.#measure(x)));
    for (const [name, y] of Object.entries(outputs))
      if (y && isFloat(y)) call.outputs.push(this.#range(name, y, this.#measure(y)));
    this.#calls.push(call);
  }

  #range(name: string, x: Tensor, record: number): Range {
    return { name, shape: show(x.shape), size: x.size, record };
  }

  #measure(x: Tensor): number {
    const record = this.#records++;
    const page = Math.floor(record / RECORDS);
    while (this.#pages.length <= page) this.#pages.push(this.#page());
    const groups = Math.max(1, Math.min(256, Math.ceil(x.size / 64)));
    rangeKernel.run(
      this.#device,
      { x, stats: this.#pages[page] },
      { count: x.size, record: record % RECORDS },
      [groups],
      x.dtype === "f16" ? { HALF: true } : {},
    );
    this.#known.set(x.storage, record);
    return record;
  }

  #page(): Tensor {
    const page = empty(this.#device, [RECORDS * 4], { dtype: "u32", tag: "debug" }).keep();
    page.write(Uint32Array.from({ length: RECORDS * 4 }, (_, i) => (i % 4 === 1 ? 0xffffffff : 0)));
    return page;
  }

  /** @throws KernelError for the first op with a result that is not finite */
  async check(): Promise<void> {
    const [pages, calls] = [this.#pages, this.#calls];
    if (calls.length === 0) return;
    this.#pages = [];
    this.#calls = [];
    this.#records = 0;
    this.#known = new WeakMap();
    try {
      const stats: Uint32Array[] = [];
      for (const page of pages) stats.push((await page.rawData()) as Uint32Array);
      const of = ({ record }: Range) => stats[Math.floor(record / RECORDS)].subarray((record % RECORDS) * 4);
      for (const { op, stack, inputs, outputs } of calls) {
        const wrong = outputs.find((range) => of(range)[0] > 0);
        if (wrong === undefined) continue;
        const tell = (range: Range) => describe(range, of(range));
        throw new KernelError(
          op,
          `wrote NaN or infinity. Got ${tell(wrong)}. Expected finite values. It read ${inputs.map(tell).join("; ") || "nothing"}.\nCalled here:\n${stack}`,
        );
      }
    } finally {
      for (const page of pages) page.dispose("TENSOR_NAN");
    }
  }
}

function isFloat({ dtype, size }: Tensor): boolean {
  return size > 0 && (dtype === "f32" || dtype === "f16");
}

/** The frames that called into the core, or all where nothing else is known. */
function userFrames(frames: string[]): string {
  const inside = /packages\/tensor\/(src|dist)\/(?!.*\.test\.)|node_modules\/@ama-sam\/tensor/;
  const user = frames.filter((line) => !inside.test(line));
  return (user.length > 0 ? user : frames).slice(0, 6).join("\n");
}

const bits = new DataView(new ArrayBuffer(4));

function fromOrdered(value: number): number {
  bits.setUint32(0, value & 0x80000000 ? value & 0x7fffffff : ~value);
  return bits.getFloat32(0);
}

function describe({ name, shape, size }: Range, [bad, low, high]: Uint32Array): string {
  const range = bad < size ? `[${fromOrdered(low).toPrecision(4)}, ${fromOrdered(high).toPrecision(4)}]` : "none";
  return `${name} ${shape} ${bad > 0 ? `with ${bad} of ${size} values not finite, the others in ${range}` : `in ${range}`}`;
}

const watches = new WeakMap<Device, FiniteWatch>();

/** @internal Looks at what an op wrote. */
export function watchFinite(
  device: Device,
  op: string,
  inputs: Record<string, Tensor | null>,
  outputs: Record<string, Tensor | null>,
): void {
  let watch = watches.get(device);
  if (!watch) {
    const made = new FiniteWatch(device);
    watches.set(device, made);
    device.queue.checks.add(() => made.check());
    watch = made;
  }
  watch.see(op, inputs, outputs);
}
