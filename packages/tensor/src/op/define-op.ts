import { gradState, record } from "../autograd/tape";
import { afterForward, afterVjp, type Checked } from "../debug/after-op";
import { flags } from "../debug/flags";
import type { Device } from "../device/device";
import { DTypeError, LifetimeError } from "../errors";
import { convert } from "../kernel/lib/convert";
import type { DType } from "../tensor/dtype";
import type { Shape } from "../tensor/shape";
import { empty, type Tensor } from "../tensor/tensor";
import type { RefArray } from "./reference";

type Named<Req extends string, Opt extends string, T> = Record<Req, T> & Record<Opt, T | null>;

/** What {@link Op.vjp} gets beside the saved tensors and `dy`. */
export interface VjpContext<Names extends string, Attrs> {
  attrs: Attrs;
  /** Inputs whose gradient is asked for; compute nothing for the others. */
  needs: Record<Names, boolean>;
  /** Shapes of the inputs. */
  shapes: Record<Names, Shape>;
  device: Device;
}

/** The whole definition of a differentiable op with one output. */
export interface OpSpec<Req extends string, Opt extends string, Attrs> {
  /** Name of the public function; starts every error. */
  name: string;
  /** Inputs in order; `optional` ones follow and may be null. */
  inputs: readonly Req[];
  optional?: readonly Opt[];
  /**
   * Element types that the op's kernels read, by input; f32 alone where nothing is said. Where f32 is legal an f16 tensor is too: it
   * is widened for the launch, and what backward wants of it is kept as f16.
   */
  dtypes?: Partial<Record<Req | Opt, readonly DType[]>>;
  /** Output shape; throws ShapeError. */
  shape(shapes: Named<Req, Opt, Shape>, attrs: Attrs): Shape;
  /** Output type; f32 where nothing is said. */
  dtype?(dtypes: Named<Req, Opt, DType>, attrs: Attrs): DType;
  /**
   * Writes `y`. Returns tensors beyond inputs and output that the vjp wants (statistics, masks), only if `saving`.
   */
  forward(
    inputs: Named<Req, Opt, Tensor>,
    attrs: Attrs,
    y: Tensor,
    saving: boolean,
  ): Record<string, Tensor> | undefined;
  /**
   * What is kept for backward: names of inputs, `"y"`, or of what `forward` returned; or a function that chooses them by which
   * inputs want a gradient, so that a frozen weight does not keep its input alive. Optional inputs may be absent.
   */
  saves?: readonly string[] | ((needs: Record<Req | Opt, boolean>) => readonly string[]);
  /** Gradients by input name. Leave out for an op without gradient. */
  vjp?(
    saved: Record<string, Tensor>,
    dy: Tensor,
    context: VjpContext<Req | Opt, Attrs>,
  ): Partial<Record<Req | Opt, Tensor | null>>;
  /** Plain float64 loops: the oracle of tests and of `TENSOR_VALIDATE`. */
  reference?(inputs: Named<Req, Opt, RefArray>, attrs: Attrs): RefArray;
}

/** A defined op; `apply` is what public functions call. */
export interface Op<Req extends string = string, Opt extends string = never, Attrs = unknown>
  extends OpSpec<Req, Opt, Attrs> {
  apply(inputs: Named<Req, Opt, Tensor>, attrs: Attrs): Tensor;
}

/**
 * Declares a differentiable op: shape rule, launch, what it saves, its pullback and its float64 reference in one place.
 *
 * `apply` checks lifetimes, devices and types, allocates the output, runs `forward` and records the vjp only when some input
 * needs a gradient.
 */
export function defineOp<const Req extends string, Attrs, const Opt extends string = never>(
  spec: OpSpec<Req, Opt, Attrs>,
): Op<Req, Opt, Attrs> {
  const names: readonly (Req | Opt)[] = [...spec.inputs, ...(spec.optional ?? [])];
  const apply = (inputs: Named<Req, Opt, Tensor>, attrs: Attrs): Tensor => {
    const device = check(spec.name, spec.inputs, names, spec.dtypes, inputs);
    const pick = <T>(of: (x: Tensor) => T): Named<Req, Opt, T> => {
      const picked: Record<string, T | null> = {};
      for (const name of names) {
        const x: Tensor | null = inputs[name];
        picked[name] = x ? of(x) : null;
      }
      return picked as Named<Req, Opt, T>;
    };
    const shapes = pick((x) => x.shape);
    const shape = spec.shape(shapes, attrs);
    const dtype = spec.dtype?.(
      pick((x) => x.dtype),
      attrs,
    );
    const { activity } = device;
    const narrow = names.filter((n) => widens(spec.dtypes?.[n], inputs[n]));
    const y = activity.during(spec.name, activity.tag, () => empty(device, shape, { dtype, name: "its output" }));
    y.name = null;
    const state = gradState(device);
    const wanted = spec.vjp !== undefined && names.some((n) => inputs[n]?.requiresGrad);
    if (wanted) state.met = true;
    const recording = wanted && state.enabled;
    const start = flags.trace ? performance.now() : 0;
    let extras: Record<string, Tensor> | undefined;
    try {
      extras = activity.during(spec.name, "scratch", () =>
        withWide(spec.name, inputs, narrow, (wide) => spec.forward(wide, attrs, y, recording)),
      );
    } catch (error) {
      y.dispose(spec.name);
      throw error;
    }
    if (flags.trace) device.queue.monitor?.op(spec.name, start);
    if (recording) {
      const needs = pick((x) => x.requiresGrad) as Record<Req | Opt, boolean>;
      const saved: Record<string, Tensor> = {};
      for (const name of (typeof spec.saves === "function" ? spec.saves(needs) : spec.saves) ?? []) {
        const source = name === "y" ? y : (inputs[name as Req] ?? extras?.[name]);
        if (!source) continue;
        saved[name] = source.hold();
        const { block } = source.storage;
        if (block.tag === "activations" || block.tag === "scratch")
          device.buffers.retag(block, `saved by ${spec.name}`);
      }
      const pullback = (dy: Tensor) => {
        const begun = flags.trace ? performance.now() : 0;
        const context = { attrs, needs, shapes: shapes as Record<Req | Opt, Shape>, device };
        const kept = narrow.filter((n) => saved[n]);
        const grads = withWide(spec.name, saved, kept, (wide) => spec.vjp?.(wide, dy, context) ?? {});
        if (flags.trace) device.queue.monitor?.op(`${spec.name} backward`, begun);
        if (flags.nan) afterVjp(spec.name, dy, grads);
        return names.map((n) => (needs[n] ? ((grads as Record<string, Tensor | null>)[n] ?? null) : null));
      };
      record(
        spec.name,
        names.map((n) => inputs[n] as Tensor | null),
        y,
        Object.values(saved),
        pullback,
      );
    }
    if (extras) for (const extra of Object.values(extras)) if (extra !== y) extra.dispose(spec.name);
    if (flags.nan || flags.validate) afterForward(spec as unknown as Checked, inputs, attrs, y);
    return y;
  };
  return { ...spec, apply };
}

/** Whether an op whose kernels read `legal` gets this tensor as f32. */
function widens(legal: readonly DType[] = ["f32"], x: Tensor | null): boolean {
  return x?.dtype === "f16" && legal.includes("f32") && !legal.includes("f16");
}

/** Runs `fn` with the tensors of these names as f32, in copies that live as long as the call. */
function withWide<T extends Record<string, Tensor | null>, R>(
  op: string,
  tensors: T,
  names: readonly string[],
  fn: (wide: T) => R,
): R {
  if (names.length === 0) return fn(tensors);
  const copies: Record<string, Tensor> = {};
  try {
    for (const name of names) {
      const x = tensors[name] as Tensor;
      copies[name] = empty(x.device, x.shape, { name });
      convert(x, copies[name]);
    }
    return fn({ ...tensors, ...copies });
  } finally {
    for (const copy of Object.values(copies)) copy.dispose(op);
  }
}

function check(
  op: string,
  required: readonly string[],
  names: readonly string[],
  dtypes: Partial<Record<string, readonly DType[]>> | undefined,
  inputs: Record<string, Tensor | null>,
): Device {
  let device: Device | null = null;
  for (const name of names) {
    const x = inputs[name];
    if (!x) {
      if (required.includes(name)) throw new DTypeError(op, `${name} is missing. Got ${x}. Expected a tensor.`);
      continue;
    }
    x.assertAlive(op, name);
    device ??= x.device;
    if (x.device !== device)
      throw new LifetimeError(
        op,
        `${name} lives on another device. Got ${x.device.info.name}. Expected ${device.info.name}, as ${required[0]}.`,
      );
    const legal = dtypes?.[name] ?? (["f32"] as const);
    if (!legal.includes(x.dtype) && !widens(legal, x))
      throw new DTypeError(op, `${name} has a wrong type. Got ${x.dtype}. Expected ${legal.join(" or ")}.`);
  }
  if (!device) throw new DTypeError(op, "no input. Expected at least one tensor.");
  return device;
}
