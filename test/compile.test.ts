/// <reference types="vite/types/importMeta.d.ts" />
// Every variant of every kernel compiles within WebGPU's default limits. Dawn's null backend validates without a GPU.
import { Kernel } from "@ama-sam/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "webgpu";

const COMPUTE_STAGE = 4; // GPUShaderStage.COMPUTE: Node has no such global

type Params = Record<string, number | boolean | string>;

const modules = import.meta.glob<Record<string, unknown>>([
  "../packages/*/src/**/*.ts",
  "!../packages/*/src/**/*.{test,bench,ref,d}.ts",
  "!../packages/*/src/**/fixtures/**",
]);
const wgsl = import.meta.glob<string>("../packages/*/src/**/*.wgsl", { import: "default", eager: true });

/** Kernels by where they are exported: a kernel itself, or a record or array of kernels. */
const kernels = new Map<Kernel, string>();
const broken: string[] = [];
for (const [path, load] of Object.entries(modules)) {
  const exports = await load().catch((error: Error) => void broken.push(`${path}: ${error.message}`));
  for (const value of Object.values(exports ?? {})) {
    const plain = typeof value === "object" && value !== null && !(value instanceof Kernel);
    for (const kernel of plain ? Object.values(value) : [value])
      if (kernel instanceof Kernel && !kernels.has(kernel)) kernels.set(kernel, path.replace("../", ""));
  }
}

/** Fields of `struct Params` in order, as `name: type`; none where the kernel has no such struct. */
function paramsFields(source: string): string[] {
  const body = source.replace(/\/\/.*$/gm, "").match(/struct\s+Params\s*\{([^}]*)\}/)?.[1] ?? "";
  return [...body.matchAll(/(\w+)\s*:\s*([\w<>]+)/g)].map(([, name, type]) => `${name}: ${type}`);
}

/** Compiles one variant for the core's bind groups: storage buffers in order of binding, then the uniform block. */
async function compile(kernel: Kernel, params: Params): Promise<string | null> {
  const buffers: GPUBufferBindingLayout[] = kernel.bindings.map(({ kind }) =>
    kind === "window"
      ? { type: "uniform", hasDynamicOffset: true }
      : { type: kind === "write" ? "storage" : "read-only-storage" },
  );
  if (Object.keys(kernel.uniforms).length > 0) buffers.push({ type: "uniform", hasDynamicOffset: true });
  gpu.pushErrorScope("validation");
  const entries = buffers.map((buffer, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer }));
  const layout = gpu.createPipelineLayout({ bindGroupLayouts: [gpu.createBindGroupLayout({ entries })] });
  const module = gpu.createShaderModule({ code: kernel.code(params) });
  gpu.createComputePipeline({ layout, compute: { module, entryPoint: "main" } });
  return (await gpu.popErrorScope())?.message ?? null;
}

const lines = (text: string) => text.split("\n").map((line) => line.trim());

// Dawn frees its instance, and crashes, unless the object that create() returns stays referenced.
const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
let gpu: GPUDevice;
beforeAll(async () => {
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null backend. Expected webgpu 0.6.2 or newer.");
  const features = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"];
  gpu = await adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
});
afterAll(() => {
  gpu.destroy();
  expect(instance).toBeDefined();
});

test("every module of the packages loads", () => expect(broken).toEqual([]));

test("the device has WebGPU's default limits, so a kernel that fits here fits everywhere", () => {
  expect(gpu.limits.maxStorageBuffersPerShaderStage).toBe(8);
  expect(gpu.limits.maxComputeInvocationsPerWorkgroup).toBe(256);
  expect(gpu.limits.maxComputeWorkgroupStorageSize).toBe(16384);
});

test("kernel names are unique: traces and tuning tables go by them", () => {
  const names = [...kernels.keys()].map((kernel) => kernel.name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test("every .wgsl file belongs to an exported kernel", () => {
  const sources = [...kernels.keys()].map((kernel) => new Set(lines(kernel.source)));
  // An elementwise table replaces the body of one function, so a line or two may differ.
  const used = (text: string) => sources.some((set) => lines(text).filter((line) => !set.has(line)).length <= 2);
  // The device's own is no kernel: it only tells whether the matrix units' words are understood.
  const own = (path: string) => path.includes("/kernel/lib/") || path.endsWith("/device/matrix-probe.wgsl");
  const orphans = Object.entries(wgsl).filter(([path, text]) => !own(path) && !used(text));
  expect(orphans.map(([path]) => path)).toEqual([]);
});

describe.each([...kernels].map(([kernel, path]) => ({ name: kernel.name, kernel, path })))(
  "$name",
  ({ kernel, path }) => {
    test("its uniforms are the fields of struct Params", () => {
      const declared = Object.entries(kernel.uniforms).map(([name, type]) => `${name}: ${type}`);
      expect(paramsFields(kernel.source), path).toEqual(declared);
    });

    const all = kernel.variants();
    test(`${all.length} variants compile`, async () => {
      const failures: string[] = [];
      await Promise.all(
        all.map(async (params) => {
          const error = await compile(kernel, params);
          if (error) failures.push(`${kernel.key(params)}: ${error}`);
        }),
      );
      expect(failures, path).toEqual([]);
    });
  },
);
