import probe from "./matrix-probe.wgsl";

/** A kind of matrix unit, as Chromium's experiment and the proposal list them in the adapter's info (GPUSubgroupMatrixConfig). */
interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** Whether the adapter lists units that multiply 16 x 16 matrices of f16 into sums of f32. */
function listsHalfUnits(info: GPUAdapterInfo): boolean {
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: readonly MatrixConfig[] };
  return [...subgroupMatrixConfigs].some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === "f16" && resultComponentType === "f32" && M === 16 && N === 16 && K === 16,
  );
}

/**
 * Whether products of f16 can run on the matrix units of a device that has their feature: the adapter lists the right ones, and this
 * WebGPU understands the kernels' words for them, which were others in earlier versions of the experiment.
 */
export async function hasHalfUnits(gpu: GPUDevice, info: GPUAdapterInfo): Promise<boolean> {
  if (!listsHalfUnits(info)) return false;
  gpu.pushErrorScope("validation");
  gpu.pushErrorScope("internal");
  let asked = true;
  try {
    const module = gpu.createShaderModule({ code: probe, label: "matrix-probe" });
    gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  } catch {
    asked = false;
  }
  // A device that is lost meanwhile is told by whoever uses it first.
  const errors = await Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]).catch(() => ["lost"]);
  return asked && errors.every((error) => error === null);
}
