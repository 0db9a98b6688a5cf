// npm run bench:model -- [--preset vit-b] [--size 1024] [--batch 1] [--weights f32,f16] [--jobs LIST] [--torch PYTHON]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DAWN_FLAGS, openGpu } from "@ama-sam/dawn";
import { type Device, tensor } from "@ama-sam/tensor";
import { Random } from "@ama-sam/testing";
import { PRESETS, type PresetName } from "ama-sam";
import { buildModel, embeddingOf, JOBS, type Job, type JobTimes, largestError, timeJob, type Weights } from "./jobs";
import { modelTable } from "./table";
import { type TorchTimes, timeTorch } from "./torch";

const HELP = `Times the whole model, and PyTorch's on the same machine beside it: encoder, prediction, training step.

  npm run bench:model -- [--preset vit-b] [--size 1024] [--batch 1] [--weights f32,f16] [--jobs LIST] [--torch PYTHON]

  --preset   ${Object.keys(PRESETS).join(", ")}
  --size     side of the input (default 1024)
  --batch    images (default 1)
  --weights  how frozen weights are stored: f32, f16 or both (default f32); f16 needs shader-f16 and is what the matrix units multiply
  --jobs     ${JOBS.join(", ")} (default: all)
  --torch    a Python with torch: times tools/reference/bench.py first (f32 and, for f16 here, bf16 autocast), and gives ratios
  --runs     timed runs of each job, the middle one counts (default 10), after --warmup others (default 3)
  --dawn     more of Dawn's switches, by comma: vulkan_enable_f16_on_nvidia lets NVIDIA's driver have f16
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --json     write the numbers to FILE

"in kernels" is the sum of the kernels' times by GPU timestamps over the wall time of the run that has them, "encoding" what the processor takes before
it waits. With f16 the largest error of a noise image's embedding is printed, over the largest value of f32's.`;

const list = (text: string) => text.split(",").filter(Boolean);

/** Dawn's switches with more of its features on; the default ones, the same array, where none is named. */
function switches(more: readonly string[]): readonly string[] {
  const prefix = "enable-dawn-features="; // a second switch of that name would replace the first
  return more.length === 0
    ? DAWN_FLAGS
    : DAWN_FLAGS.map((it) => (it.startsWith(prefix) ? [it, ...more].join(",") : it));
}

/** The named values of a list that are not in `allowed`; prints them. */
function unknownOf(what: string, values: readonly string[], allowed: readonly string[]): boolean {
  const unknown = values.filter((v) => !allowed.includes(v));
  if (unknown.length > 0)
    console.error(`no such ${what}: ${unknown.join(", ")}; expected some of ${allowed.join(", ")}`);
  return unknown.length > 0;
}

async function measure(
  device: Device,
  { preset, size, batch, jobs }: { preset: PresetName; size: number; batch: number; jobs: readonly Job[] },
  weights: readonly Weights[],
  counts: { runs: number; warmup: number },
): Promise<{ times: JobTimes[]; error: number | null }> {
  const times: JobTimes[] = [];
  const noise = weights.length > 1 ? new Random(1).normals(3 * size * size) : null;
  const embeddings: Float32Array[] = [];
  for (const storage of weights) {
    const setting = { preset, size, batch, weights: storage };
    const model = buildModel(device, setting);
    if (noise) {
      const x = tensor(device, noise, [1, 3, size, size]);
      embeddings.push(await embeddingOf(model, x));
      x.dispose();
    }
    for (const job of jobs) {
      times.push(await timeJob(device, model, job, setting, counts));
      console.error(`${job}, ${storage}: ${times[times.length - 1].ms.toFixed(1)} ms`);
    }
    model.dispose();
    device.trim();
  }
  return { times, error: embeddings.length > 1 ? largestError(embeddings[0], embeddings[1]) : null };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      preset: { type: "string", default: "vit-b" },
      size: { type: "string", default: "1024" },
      batch: { type: "string", default: "1" },
      weights: { type: "string", default: "f32" },
      jobs: { type: "string", default: JOBS.join(",") },
      torch: { type: "string" },
      runs: { type: "string", default: "10" },
      warmup: { type: "string", default: "3" },
      dawn: { type: "string", default: "" },
      adapter: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const jobs = list(values.jobs) as Job[];
  const weights = [...new Set(list(values.weights))].sort().reverse() as Weights[]; // f32 first: what f16 is compared with
  const bad = [
    unknownOf("preset", [values.preset], Object.keys(PRESETS)),
    unknownOf("job", jobs, JOBS),
    unknownOf("storage", weights, ["f32", "f16"]),
  ];
  const [size, batch, runs, warmup] = [values.size, values.batch, values.runs, values.warmup].map(Number);
  if (![size, batch, runs].every((n) => Number.isInteger(n) && n > 0) || !(Number.isInteger(warmup) && warmup >= 0)) {
    console.error("--size, --batch, --runs and --warmup are whole numbers");
    return 2;
  }
  if (bad.includes(true)) return 2;
  const preset = values.preset as PresetName;
  const counts = { runs, warmup };
  let torch: TorchTimes[] = [];
  if (values.torch) {
    const precisions = weights.includes("f16") ? (["fp32", "tf32", "bf16"] as const) : (["fp32"] as const);
    const say = (line: string) => console.error(line);
    torch = await timeTorch(
      values.torch,
      { preset, size, batch, weights: "f32" },
      { jobs, ...counts },
      precisions,
      say,
    );
    if (torch.length > 0) say(`PyTorch ${torch[0].torch} on ${torch[0].device}`);
  }
  const device = await openGpu({ adapter: values.adapter, dawnFlags: switches(list(values.dawn)) });
  if (weights.includes("f16") && !device.abilities.f16) {
    console.error(
      `${device.info.name} has no shader-f16; expected --weights f32, or --dawn vulkan_enable_f16_on_nvidia on NVIDIA`,
    );
    await device.dispose();
    return 2;
  }
  const { times, error } = await measure(device, { preset, size, batch, jobs }, weights, counts);
  const units = device.abilities.subgroupMatrix ? ", matrix units" : "";
  console.log(`${preset} at ${size}, batch ${batch}, on ${device.info.name}${units}\n\n${modelTable(times, torch)}`);
  if (error !== null)
    console.log(`\nlargest error of the embedding with f16: ${error.toExponential(1)} of f32's largest value`);
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ adapter: device.info, preset, size, batch, times, error, torch }, null, 1)}\n`,
    );
  await device.dispose();
  return 0;
}

process.exitCode = await main();
