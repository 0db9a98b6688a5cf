// npm run memory -- [--preset vit-b] [--train] [--recompute WHAT] [--size 1024] [--batch 1] [--adapter NAME] [--dry]
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { Adam, Build } from "@ama-sam/nn";
import type { Recompute } from "@ama-sam/sam-encoder";
import { type Device, scope, zeros } from "@ama-sam/tensor";
import { AmaSam, freeze, PRESETS, type PresetName } from "ama-sam";
import { CARD_BUFFER_BYTES, nullDevice, resized, trainOnce } from "./cost/model";

const HELP = `Prints the peak GPU memory of a model, measured by really running it once (weights zero: only sizes matter).

  npm run memory -- [--preset NAME] [--train] [--recompute WHAT] [--size S] [--batch B] [--adapter NAME] [--dry]

  --preset     ${Object.keys(PRESETS).join(", ")} (default vit-b)
  --train      one training step (forward, losses, backward, Adam) instead of one prediction
  --recompute  with --train: what backward makes again instead of keeping it: "blocks" of the encoder, or their "mlp" alone
  --size       side of the input in pixels (default: the preset's)
  --batch      images (default 1)
  --adapter    swiftshader, lavapipe, hardware, or a part of an adapter's name
  --dry        on Dawn's null backend: every buffer is accounted for, nothing is computed (seconds instead of minutes);
               a binding may have 2 GiB, as on desktop cards

"live" counts buffers that tensors own, "reserved" adds those that wait for reuse: what the adapter had to give.`;

const RECOMPUTE = new Map<string | undefined, Recompute>([
  [undefined, false],
  ["blocks", true],
  ["mlp", "mlp"],
]);

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

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
      recompute: { type: "string" },
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
  const recompute = RECOMPUTE.get(values.recompute);
  if (recompute === undefined) {
    console.error(`--recompute of what? Got ${values.recompute}. Expected blocks or mlp.`);
    return 2;
  }
  const preset = PRESETS[values.preset as PresetName];
  if (!preset) {
    console.error(`unknown preset ${values.preset}; expected one of ${Object.keys(PRESETS).join(", ")}`);
    return 2;
  }
  const size = Number(values.size ?? preset.encoder.imageSize);
  const batch = Number(values.batch);
  const device = values.dry ? await nullDevice(CARD_BUFFER_BYTES) : await openGpu({ adapter: values.adapter });
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
  if (adam) trainOnce(device, model, adam, { size, batch, recompute });
  else scope(device, "predict", () => void model.predict(zeros(device, [batch, 3, size, size])));
  if (!values.dry) await device.sync();
  const what = adam ? `training step${recompute ? `, recomputing ${values.recompute}` : ""}` : "forward";
  show(device, what, (performance.now() - start) / 1000);
  if (values.dry) process.exit(0);
  adam?.dispose();
  model.dispose();
  await device.dispose();
  return 0;
}

process.exitCode = await main();
