import { before, type FaultCall, type FaultState } from "./fault-plan";

const POISON = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1) fn main() { y[0] = 0x7fc00000u; }`;

interface Bound {
  pipeline: GPUComputePipeline | null;
  group: [GPUBindGroup, ...unknown[]] | null;
}

/** @internal Counts dispatches, and writes NaN over the first output of the planned one, on the GPU and in order. */
export function poisonKernels(gpu: GPUDevice, state: FaultState, hit: (call: FaultCall) => void): void {
  /** Binding numbers that a layout lets a kernel write. */
  const writable = new WeakMap<GPUBindGroupLayout, number[]>();
  const outputs = new WeakMap<GPUBindGroup, GPUBufferBinding | null>();
  let poison: GPUComputePipeline | null = null;

  const makeLayout = gpu.createBindGroupLayout.bind(gpu);
  const makeGroup = gpu.createBindGroup.bind(gpu);
  const makeEncoder = gpu.createCommandEncoder.bind(gpu);
  Object.defineProperty(gpu, "createBindGroupLayout", {
    value: (descriptor: GPUBindGroupLayoutDescriptor) => {
      const layout = makeLayout(descriptor);
      const entries = [...descriptor.entries].filter((entry) => entry.buffer?.type === "storage");
      writable.set(
        layout,
        entries.map((entry) => entry.binding),
      );
      return layout;
    },
  });
  Object.defineProperty(gpu, "createBindGroup", {
    configurable: true,
    value: (descriptor: GPUBindGroupDescriptor) => {
      hit("createBindGroup");
      const group = makeGroup(descriptor);
      const first = writable.get(descriptor.layout)?.[0];
      const entry = [...descriptor.entries].find(({ binding }) => binding === first);
      outputs.set(group, (entry?.resource as GPUBufferBinding | undefined) ?? null);
      return group;
    },
  });
  Object.defineProperty(gpu, "createCommandEncoder", {
    value: () => {
      const encoder = makeEncoder();
      const begin = encoder.beginComputePass.bind(encoder);
      Object.defineProperty(encoder, "beginComputePass", {
        value: (descriptor?: GPUComputePassDescriptor) => watch(begin(descriptor)),
      });
      return encoder;
    },
  });

  function watch(pass: GPUComputePassEncoder): GPUComputePassEncoder {
    const bound: Bound = { pipeline: null, group: null };
    const dispatch = pass.dispatchWorkgroups.bind(pass);
    before(pass, "setPipeline", (pipeline) => (bound.pipeline = pipeline as GPUComputePipeline));
    before(pass, "setBindGroup", (_, ...rest) => (bound.group = rest as Bound["group"]));
    Object.defineProperty(pass, "dispatchWorkgroups", {
      value: (x: number, y?: number, z?: number) => {
        hit("dispatch");
        dispatch(x, y, z);
        const output = bound.group && outputs.get(bound.group[0]);
        if (state.counts.dispatch === state.plan.nanInDispatchAt && output) overwrite(pass, output, dispatch);
      },
    });
    return pass;
  }

  /** The queue sets pipeline and group before every dispatch, so nothing needs to be put back. */
  function overwrite(pass: GPUComputePassEncoder, resource: GPUBufferBinding, dispatch: (x: number) => void): void {
    poison ??= gpu.createComputePipeline({
      layout: "auto",
      compute: { module: gpu.createShaderModule({ code: POISON }), entryPoint: "main" },
    });
    const group = makeGroup({ layout: poison.getBindGroupLayout(0), entries: [{ binding: 0, resource }] });
    pass.setPipeline(poison);
    pass.setBindGroup(0, group);
    dispatch(1);
  }
}
