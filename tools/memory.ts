// npm run memory -- [--preset vit-b] [--train] [--recompute] [--size 1024] [--batch 1] [--adapter NAME] [--dry]
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { Adam, Build } from "@ama-sam/nn";
import { backward, createDevice, type Device, scope, zeros } from "@ama-sam/tensor";
import { AmaSam, type AmaSamConfig, freeze, losses, PRESETS, type PresetName } from "ama-sam";
import { create } from "webgpu";

const HELP = `Prints the peak GPU memory of a model, measured by really running it once (weights zero: only sizes matter).

  npm run memory -- [--preset NAME] [--train] [--recompute] [--size S] [--batch B] [--adapter NAME] [--dry]

  --preset     ${Object.keys(PRESETS).join(", ")} (default vit-b)
  --train      one training step (forward, losses, backward, Adam) instead of one prediction
  --recompute  with --train: encoder blocks run again in backward instead of keeping their activations
  --size       side of the input in pixels (default: the preset's)
  --batch      images (default 1)
  --adapter    swiftshader, lavapipe, hardware, or a part of an adapter's name
  --dry        on Dawn's null backend: every buffer is accounted for, nothing is computed (seconds instead of minutes)

"live" counts buffers that tensors own, "reserved" adds those that wait for reuse: what the adapter had to give.`;

/**
 * A device that takes every command and runs none. It really keeps at most 512 MiB and then reports errors at the next await,
 * so a dry run never awaits: the pool's accounts are complete when the step is encoded.
 */
async function nullDevice(): Promise<Device> {
  const instance = create(["backend=null"]);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null backend. Expected webgpu 0.6.2 or newer.");
  return createDevice({ adapter, retain: instance, info: { name: "null backend (nothing is computed)" } });
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The preset at another input size. */
function resized(config: AmaSamConfig, size: number): AmaSamConfig {
  const grid = size / config.encoder.patchSize;
  return {
    ...config,
    encoder: { ...config.encoder, imageSize: size },
    samDecoder: { ...config.samDecoder, imageSize: size, grid },
  };
}

function trainOnce(device: Device, model: AmaSam, adam: Adam, size: number, batch: number, recompute: boolean): void {
  scope(device, "step", () => {
    const isPrimary = zeros(device, [batch], { dtype: "i32" });
    const output = model.forward(zeros(device, [batch, 3, size, size]), { isPrimary, recompute });
    const label = zeros(device, [batch, 1, size, size]);
    const { total } = losses(output, label, isPrimary, { domainWeights: { primary: 1, auxiliary: 1 } });
    backward(total);
    adam.step();
    adam.zeroGrad();
  });
}

function show(device: Device, title: string, seconds: number): void {
  const { peakBytes, reservedPeakBytes, peakByTag, peakOp, liveBytes } = device.memory();
  console.log(
    `${title}: peak ${mib(peakBytes)} live, ${mib(reservedPeakBytes)} reserved; ${mib(liveBytes)} left; ${seconds.toFixed(1)} s`,
  );
  console.log(`  at the peak, in ${peakOp || "no op"}:`);
  const tags = Object.entries(peakByTag).filter(([, bytes]) => bytes > 0);
  for (const [tag, bytes] of tags.sort((a, b) => b[1] - a[1])) console.log(`    ${mib(bytes).padStart(12)}  ${tag}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      preset: { type: "string", default: "vit-b" },
      train: { type: "boolean", default: false },
      recompute: { type: "boolean", default: false },
      size: { type: "string" },
      batch: { type: "string", default: "1" },
      adapter: { type: "string" },
      dry: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const preset = PRESETS[values.preset as PresetName];
  if (!preset) {
    console.error(`unknown preset ${values.preset}; expected one of ${Object.keys(PRESETS).join(", ")}`);
    return 2;
  }
  const size = Number(values.size ?? preset.encoder.imageSize);
  const batch = Number(values.batch);
  const device = values.dry ? await nullDevice() : await openGpu({ adapter: values.adapter });
  const model = new AmaSam(new Build(device, { init: "none" }), resized(preset, size));
  freeze(model, "adapters");
  const adam = values.train ? new Adam(model.trainable(), { lr: 1e-4 }) : null;
  if (!values.dry) await device.sync();
  const count = [...model.namedParameters().values()].reduce((n, p) => n + p.size, 0);
  console.log(
    `${values.preset} at ${size} x ${size}, batch ${batch}, f32, ${device.info.name}: ${count.toLocaleString("en")} parameters, ${mib(device.memory().liveBytes)}${adam ? " with Adam's moments" : ""}`,
  );
  device.trim();
  device.resetPeak();
  const start = performance.now();
  if (adam) trainOnce(device, model, adam, size, batch, values.recompute);
  else scope(device, "predict", () => void model.predict(zeros(device, [batch, 3, size, size])));
  if (!values.dry) await device.sync();
  const what = adam ? `training step${values.recompute ? ", recomputing" : ""}` : "forward";
  show(device, what, (performance.now() - start) / 1000);
  if (values.dry) process.exit(0);
  adam?.dispose();
  model.dispose();
  await device.dispose();
  return 0;
}

process.exitCode = await main();
