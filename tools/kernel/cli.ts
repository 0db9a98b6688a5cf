// npm run kernel -- NAME [--adapter NAME] [--set D=64] [--wgsl] [--gpu navi31 [--asm FILE]] [--shape 4096x768x3072 [--write]]
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { type Device, type Kernel, type KernelParams, linear, tensor } from "@ama-sam/tensor";
import { Random, timeRuns } from "@ama-sam/testing";
import { measurePeaks } from "../bench/peaks";
import { allKernels, chosenVariants } from "./all";
import { compileFor } from "./radv";
import { type SweepShape, sweep } from "./sweep";

const HELP = `Looks at a kernel: its variants, the WGSL that runs, whether every variant compiles here.

  npm run kernel -- NAME [--adapter NAME] [--set TUNABLES] [--wgsl] [--gpu FAMILY [--asm FILE]] [--shape MxKxN [--write]]

  NAME      a kernel's name or a part of it: matmul, layer-norm, attention
  --set     one variant instead of those that the kernel lists: D=64,REL=true
  --wgsl    print the (default) variant's final WGSL
  --gpu     what Mesa's compiler makes of the variants for an AMD GPU, without the GPU: navi31 (RDNA 3), navi21, vega10
            (registers, what is spilled, workgroup memory, subgroups per SIMD, instructions). Linux with mesa-vulkan-drivers 25.0
  --asm     with --gpu: write the last variant's machine code to FILE
  --shape   for products: time y = x W^T at M x K x N, as it runs here and then on every tile that fits the adapter; each is
            checked against float64 and shown with its share of the FMA peak
  --write   make the best tiles the adapter's rows in the tuning table (packages/tensor/src/kernel/tuning-table.ts)
  --adapter swiftshader, lavapipe, hardware, or a part of an adapter's name`;

async function compiles(device: Device, kernel: Kernel, params: KernelParams): Promise<string> {
  const code = kernel.code(params);
  if (/enable f16/.test(code) && !device.abilities.f16) return "needs f16";
  if (/enable subgroups/.test(code) && !device.abilities.subgroups) return "needs subgroups";
  if (/enable chromium_experimental_subgroup_matrix/.test(code) && !device.abilities.subgroupMatrix)
    return "needs matrix units";
  const start = performance.now();
  device.gpu.pushErrorScope("validation");
  const module = device.gpu.createShaderModule({ code });
  device.gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  const error = await device.gpu.popErrorScope();
  return error
    ? `INVALID: ${error.message.split("\n")[0]}`
    : `compiles in ${(performance.now() - start).toFixed(0)} ms`;
}

/** `MxKxN` as numbers; null for anything else. */
function shapeOf(text: string): SweepShape | null {
  const [m, k, n, ...more] = text.split("x").map(Number);
  return more.length === 0 && [m, k, n].every((v) => Number.isInteger(v) && v > 0) ? { m, k, n } : null;
}

/** The product as `linear` runs it on this adapter. */
async function timeProduct(device: Device, { m, k, n }: SweepShape): Promise<boolean> {
  const random = new Random(1);
  const [x, w] = [random.normals(m * k), random.normals(n * k)];
  const [tx, tw] = [tensor(device, x, [m, k]), tensor(device, w, [n, k])];
  const y = linear(tx, tw);
  const values = await y.data();
  let worst = 0;
  for (let s = 0; s < 100; s++) {
    const [i, j] = [random.integer(0, m - 1), random.integer(0, n - 1)];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += x[i * k + l] * w[j * k + l];
    worst = Math.max(worst, Math.abs(values[i * n + j] - sum) / Math.sqrt(k));
  }
  const peaks = await measurePeaks(device);
  const { ms } = await timeRuns(device, () => linear(tx, tw).dispose());
  const gflops = (2 * m * n * k) / ms / 1e6;
  console.log(
    `linear ${m}x${k}x${n}: ${gflops.toFixed(1)} GFLOP/s, ${((100 * gflops) / peaks.gflops).toFixed(0)} % of the FMA peak (${peaks.gflops.toFixed(1)}), worst error ${worst.toExponential(1)} of the values' scale`,
  );
  return worst < 1e-5;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      adapter: { type: "string" },
      set: { type: "string" },
      wgsl: { type: "boolean" },
      gpu: { type: "string" },
      asm: { type: "string" },
      shape: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help || !positionals[0]) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const kernels = [...(await allKernels()).values()].filter((k) => k.name.includes(positionals[0]));
  if (kernels.length === 0) {
    console.error(`no kernel is called ${positionals[0]}`);
    return 2;
  }
  const shape = values.shape === undefined ? null : shapeOf(values.shape);
  if ((values.shape !== undefined && !shape) || (values.write && !shape)) {
    console.error(`--shape is ${values.shape ?? "missing"}; expected M x K x N, such as 4096x768x3072`);
    return 2;
  }
  if (values.asm !== undefined && values.gpu === undefined) {
    console.error("--asm needs --gpu; try npm run kernel -- --help");
    return 2;
  }
  try {
    for (const kernel of kernels) chosenVariants(kernel, values.set);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (values.gpu !== undefined) return compileFor(values.gpu, positionals[0], values.set, values.asm);
  const device = await openGpu({ adapter: values.adapter });
  let good = true;
  for (const kernel of shape ? [] : kernels) {
    const variants = chosenVariants(kernel, values.set);
    for (const params of variants) {
      const verdict = await compiles(device, kernel, params);
      good &&= !verdict.startsWith("INVALID");
      console.log(`${kernel.key(params).padEnd(56)} ${verdict}`);
    }
    if (values.wgsl) console.log(`\n${kernel.code(values.set ? variants[0] : {})}\n`);
  }
  if (shape) good = (await timeProduct(device, shape)) && (await sweep(device, shape, values.write));
  await device.dispose();
  return good ? 0 : 1;
}

process.exitCode = await main();
