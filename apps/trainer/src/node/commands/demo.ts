import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Device } from "@ama-sam/tensor";
import { type ConfigInput, resolveConfig } from "ama-sam";
import { type AddCommand, anyNumber, pathFrom, wholeNumber } from "../command";
import { CommandError, EXIT } from "../errors";
import { durationText, percent, textTable } from "../output/text";
import { addAdapterOption } from "../session/device";
import { measureSecondsPerStep } from "../session/speed";
import { type TrainRunResult, trainRun } from "../session/train-run";

interface DemoFlags {
  adapter?: string;
  minutes?: number;
  seed: number;
  out?: string;
  overwrite?: boolean;
  json?: boolean;
}

const EXAMPLES = fileURLToPath(new URL("../../../../../examples/data", import.meta.url));
const PRIMARY = "dsb_purple_white";
const AUXILIARY = ["dsb_lilac_low", "dsb_lilac_high", "dsb_pink_he", "dsb_fluo"];
/** As many as end well within three minutes on lavapipe, five on SwiftShader, and one on a GPU. */
const STEPS = { software: 300, other: 600 };
const PROBES = 4;

/** `ama-sam demo`: real nuclei learned from scratch on any machine. */
export const addDemo: AddCommand = (program, { io, run }) => {
  const command = program
    .command("demo")
    .summary("see nuclei being learned in minutes, without a GPU")
    .description(
      "Trains a small AMA-SAM from scratch on the real images in examples/data: purple nuclei on white are the primary domain, four other " +
        "stains the auxiliary ones, aligned by CGRL. Then scores images that it never saw, beside two classical methods, and writes a report.",
    )
    .option("--minutes <n>", "train this long instead of a fixed number of steps", anyNumber("--minutes", 0.1, 10_000))
    .option("--seed <n>", "of weights, order and augmentation", wholeNumber("--seed", 0), 0)
    .option("--out <folder>", "run folder (default: runs/demo, runs/demo-2, ...)")
    .option("--overwrite", "replace the run in that folder")
    .option("--json", "print the result as JSON");
  addAdapterOption(command)
    .addHelpText("after", "\nExample: ama-sam demo --minutes 20")
    .action(
      run(async (flags: DemoFlags) => {
        if (!(await stat(join(EXAMPLES, PRIMARY)).catch(() => null)))
          throw new CommandError("the example images are not here", {
            hint: "The demo runs in a checkout of the repository.",
          });
        const folder =
          flags.out === undefined ? await freeFolder(pathFrom(io, join("runs", "demo"))) : pathFrom(io, flags.out);
        const { minutes, seed } = flags;
        const result = await trainRun({
          io,
          config: resolveConfig(demoConfig(STEPS.other, seed)),
          folder,
          overwrite: flags.overwrite ?? false,
          ...(flags.adapter !== undefined && { adapter: flags.adapter }),
          command: ["demo", ...(minutes === undefined ? [] : ["--minutes", String(minutes)]), "--seed", String(seed)],
          plan: async (device, data) => {
            const steps = stepsOn(device);
            if (minutes === undefined) return resolveConfig(demoConfig(steps, seed));
            const seconds = await measureSecondsPerStep(device, resolveConfig(demoConfig(steps, seed)), data);
            return resolveConfig(demoConfig(Math.max(20, Math.floor((minutes * 60) / seconds)), seed));
          },
          ...(flags.json && { progress: "lines" as const }),
        });
        if (result.exitCode !== EXIT.ok) return result.exitCode;
        io.out(flags.json ? `${JSON.stringify(summary(result), null, 2)}\n` : resultText(result));
        return EXIT.ok;
      }),
    );
};

/** Steps of a demo without `--minutes`: by adapter and not by its speed, so that it gives the same again. */
function stepsOn({ info }: Device): number {
  return info.kind === "software" ? STEPS.software : STEPS.other;
}

/** The demo's recipe: nano from scratch on crops at the images' own scale. */
export function demoConfig(steps: number, seed: number): ConfigInput {
  return {
    model: { preset: "nano", align: "cgrl", init: { seed } },
    data: {
      primary: { path: join(EXAMPLES, PRIMARY), name: PRIMARY },
      auxiliary: AUXILIARY.map((name) => ({ path: join(EXAMPLES, name), name })),
      // Five training images are too few to spare one.
      validation: { fraction: 0 },
      augment: {
        fit: "crop",
        scale: [1, 1.25],
        brightness: 0.1,
        contrast: 0.1,
        saturation: 0,
        hue: 0,
        stainScale: 0.1,
        stainShift: 0,
      },
      sampler: { ratio: [3, 1] },
    },
    train: {
      epochs: 100_000,
      steps,
      batch: 4,
      lr: 2e-3,
      schedule: "cosine",
      warmup: 10,
      clipNorm: 1,
      // Chosen with the rest of this recipe while trying four of them; its own effect was not isolated. The paper has 1.
      alpha: 0.3,
      seed,
      validateEvery: 0,
      // An epoch is two steps here: saving at the end of each would take as long as the steps.
      checkpointEvery: 50,
      checkpointMinutes: 5,
      probeEvery: Math.ceil(steps / PROBES),
    },
    eval: { tile: "auto", halo: 24, instances: "watershed" },
  };
}

async function freeFolder(base: string): Promise<string> {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? base : `${base}-${n}`;
    if (!(await stat(folder).catch(() => null))) return folder;
  }
}

function summary({ folder, step, seconds, test }: TrainRunResult): object {
  return {
    folder,
    report: join(folder, "report.html"),
    steps: step,
    seconds,
    model: test && { dsc: test.mean.dsc, aji: test.mean.aji, pq: test.mean.pq },
    baselines: test?.baselines ?? [],
  };
}

function resultText({ folder, step, seconds, test }: TrainRunResult): string {
  if (!test) return `trained ${step} steps in ${durationText(seconds)}: ${folder}\n`;
  const { mean, baselines } = test;
  const rows = [{ name: "AMA-SAM nano (this run)", dsc: mean.dsc, aji: mean.aji, pq: mean.pq }, ...baselines];
  return (
    `\n${mean.images} images of ${PRIMARY} that the model never saw, after ${step} steps (${durationText(seconds)} in all):\n\n` +
    textTable(
      ["", "Dice %", "AJI %", "PQ %"],
      rows.map((r) => [r.name, percent(r.dsc), percent(r.aji), percent(r.pq)]),
    ) +
    `\nReport: ${join(folder, "report.html")}\nOutline nuclei in your own image: ama-sam predict IMAGE --run ${folder}\n`
  );
}
