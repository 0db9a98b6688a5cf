import { BUFFER_USAGE, MAP_READ } from "../device/constants";
import type { Device } from "../device/device";
import { KernelError } from "../errors";
import type { RefArray } from "../op/reference";
import { refArray } from "../op/reference";
import { type DType, fromHalf } from "../tensor/dtype";
import { type Shape, show } from "../tensor/shape";
import type { Tensor } from "../tensor/tensor";
import type { Checked } from "./after-op";

/** Largest allowed error relative to the largest reference value: ten times what the op tests allow, so only bugs show. */
const TOLERANCE: Partial<Record<DType, number>> = { f32: 1e-4, f16: 1e-2 };

/** A copy of a tensor as it was right after the op. */
interface Shot {
  staging: GPUBuffer;
  shape: Shape;
  dtype: DType;
  bytes: number;
}

interface Call {
  op: Checked;
  attrs: unknown;
  inputs: [string, Shot | null][];
  y: Shot;
}

function shoot(x: Tensor): Shot {
  const bytes = Math.ceil(Math.max(x.bytes, 4) / 4) * 4;
  const usage = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
  const staging = x.device.gpu.createBuffer({ size: bytes, usage, label: "TENSOR_VALIDATE" });
  x.device.queue.copy(x.storage.block.buffer, staging, bytes);
  return { staging, shape: x.shape, dtype: x.dtype, bytes: x.bytes };
}

async function develop({ staging, shape, dtype, bytes }: Shot): Promise<RefArray> {
  await staging.mapAsync(MAP_READ);
  const raw = staging.getMappedRange().slice(0, bytes);
  staging.destroy();
  if (dtype === "f32") return refArray(shape, new Float32Array(raw));
  if (dtype === "i32") return refArray(shape, new Int32Array(raw));
  if (dtype === "u32") return refArray(shape, new Uint32Array(raw));
  return refArray(shape, Float64Array.from(new Uint16Array(raw), fromHalf));
}

function at(shape: Shape, index: number): number[] {
  let rest = index;
  return [...shape]
    .reverse()
    .map((size) => {
      const i = rest % size;
      rest = Math.floor(rest / size);
      return i;
    })
    .reverse();
}

async function compare({ op, attrs, inputs, y }: Call): Promise<KernelError | null> {
  const values: Record<string, RefArray | null> = {};
  for (const [name, shot] of inputs) values[name] = shot && (await develop(shot));
  const got = await develop(y);
  const expected = op.reference?.(values, attrs);
  if (!expected) return null;
  let scale = 1e-3;
  for (const v of expected.data) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  const allowed = (TOLERANCE[y.dtype] ?? 0) * scale;
  for (let i = 0; i < expected.data.length; i++) {
    const [g, e] = [got.data[i], expected.data[i]];
    if (Math.abs(g - e) <= allowed || Object.is(g, e) || (Number.isNaN(g) && Number.isNaN(e)) || g === e) continue;
    const shapes = inputs.map(([name, shot]) => `${name} ${shot ? show(shot.shape) : "null"}`).join(", ");
    return new KernelError(
      op.name,
      `its result differs from the float64 reference. Got ${g} at [${at(y.shape, i).join(", ")}] of ${show(y.shape)}. Expected ${e} (within ${allowed.toExponential(1)}). Inputs ${shapes}, attributes ${JSON.stringify(attrs)}.`,
    );
  }
  return null;
}

/** Runs the reference behind every op that has one, and at the next await tells the first op that differs. */
class Shadow {
  #calls: Call[] = [];

  see(op: Checked, inputs: Record<string, Tensor | null>, attrs: unknown, y: Tensor): void {
    const shots = Object.entries(inputs).map(([name, x]): [string, Shot | null] => [name, x && shoot(x)]);
    this.#calls.push({ op, attrs, inputs: shots, y: shoot(y) });
  }

  /** @throws KernelError for the first op that differs */
  async check(): Promise<void> {
    const calls = this.#calls;
    this.#calls = [];
    let failed: KernelError | null = null;
    for (const call of calls) {
      if (!failed) failed = await compare(call);
      else for (const shot of [call.y, ...call.inputs.map(([, it]) => it)]) shot?.staging.destroy();
    }
    if (failed) throw failed;
  }
}

const shadows = new WeakMap<Device, Shadow>();

/** @internal Copies what an op read and wrote, for the comparison at the next await. */
export function shadowRun(op: Checked, inputs: Record<string, Tensor | null>, attrs: unknown, y: Tensor): void {
  if (!op.reference || y.size === 0) return;
  const { device } = y;
  let shadow = shadows.get(device);
  if (!shadow) {
    const made = new Shadow();
    shadows.set(device, made);
    device.queue.checks.add(() => made.check());
    shadow = made;
  }
  shadow.see(op, inputs, attrs, y);
}
