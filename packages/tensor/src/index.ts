export { checkpoint } from "./autograd/checkpoint";
export { type BackwardOptions, backward, clearGraph, gradEnabled, noGrad, zeroGrad } from "./autograd/tape";
export { type Flags, flags, setFlags, withFlags } from "./debug/flags";
export { clearTrace, setTraceWriter, type TraceEvent, traceEvents } from "./debug/trace";
export type { MemoryReport } from "./device/buffers";
export { type Abilities, type AdapterFacts, createDevice, type Device, type DeviceOptions } from "./device/device";
export type { KernelTime } from "./device/profiler";
export { DeviceError, type DeviceErrorReason, DTypeError, KernelError, LifetimeError, ShapeError } from "./errors";
export { type CompileProgress, compileAhead } from "./kernel/compile-ahead";
export { type Bindable, defineKernel, Kernel, type KernelSpec, spread, type UniformType } from "./kernel/define-kernel";
export { type KernelParams, specialize } from "./kernel/specialize";
export { defineOp, type Op, type OpSpec, type VjpContext } from "./op/define-op";
export { type RefArray, refArray } from "./op/reference";
export * from "./ops/index";
export { BYTES, type DataOf, type DType, fromHalf, toHalf } from "./tensor/dtype";
export {
  axisOf,
  broadcastShapes,
  broadcastStrides,
  expectShape,
  type Shape,
  sameShape,
  show,
  sizeOf,
  stridesOf,
} from "./tensor/shape";
export { empty, scope, Tensor, type TensorOptions, tensor, zeros } from "./tensor/tensor";
