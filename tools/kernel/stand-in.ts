// Compiles kernels on a GPU that is not there, for radv.ts: node tools/run.mjs tools/kernel/stand-in.ts NAME [TUNABLES]
import { writeSync } from "node:fs";
import { create, globals } from "webgpu";
import { allKernels, chosenVariants } from "./all";

/** Kernels for the narrow subgroups of software adapters: a GPU never runs them, and its compiler takes minutes for one. */
const SOFTWARE = /^(matmul|attention|rel-pos)-(\w+-)*(subgroup|quad|panels|windows)(-\w+)*$/;
const FEATURES = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[];

const MATRIX = /enable chromium_experimental_subgroup_matrix/;

const say = (line: string) => writeSync(2, `${line}\n`);

// Not openGpu, which makes buffers: this GPU has no memory.
Object.assign(globalThis, globals);
const gpu = create(["enable-dawn-features=allow_unsafe_apis"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("no such GPU. Expected a family that Mesa knows: navi31, navi21, vega10.");
const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxStorageBuffersPerShaderStage } =
  adapter.limits;
const device = await adapter.requestDevice({
  requiredFeatures: FEATURES.filter((it) => adapter.features.has(it)),
  requiredLimits: {
    maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup,
    maxStorageBuffersPerShaderStage,
  },
});
for (const kernel of (await allKernels()).values()) {
  if (!kernel.name.includes(process.argv[2]) || SOFTWARE.test(kernel.name)) continue;
  for (const params of chosenVariants(kernel, process.argv[3])) {
    say(`\n@@ ${kernel.key(params)}`);
    const code = kernel.code(params);
    if (MATRIX.test(code) && !adapter.features.has(FEATURES[2])) {
      say("@@! needs matrix units");
      continue;
    }
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    const error = await device.popErrorScope();
    if (error) say(`@@! ${error.message.split("\n")[0]}`);
  }
}
say("\n@@done");
void gpu; // a collected one would have crashed Node
process.kill(process.pid, "SIGKILL"); // destroying its device crashes the driver
