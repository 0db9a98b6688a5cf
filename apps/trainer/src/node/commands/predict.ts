import { stat } from "node:fs/promises";
import { join } from "node:path";
import { recolorAsStained } from "@ama-sam/data";
import { evaluateOptions, predictImage, VIEWS, type Views } from "ama-sam";
import { type AddCommand, anyNumber, pathFrom, wholeNumber } from "../command";
import { CommandError, EXIT } from "../errors";
import { writeAtomic } from "../files/atomic-write";
import { makeFolder } from "../files/make-folder";
import { counted, durationText } from "../output/text";
import { addAdapterOption, withDevice } from "../session/device";
import { findImages, readImage } from "../session/images";
import { addModelOptions, loadModel, type ModelFlags, withModelFiles } from "../session/load-model";
import { addShardOption, shardName, shardOf, shareOf } from "../session/shard";
import { OUTPUTS, type Output, writePrediction } from "../session/write-prediction";

interface PredictFlags extends ModelFlags {
  out: string;
  write: string;
  threshold?: number;
  instances?: string;
  tile?: string;
  halo?: number;
  views?: string;
  mpp?: number;
  recolor?: boolean;
  gzip?: boolean;
  overwrite?: boolean;
  shard?: string;
  adapter?: string;
  json?: boolean;
}

/** What is known of one predicted image. */
interface PredictedImage {
  image: string;
  width: number;
  height: number;
  nuclei: number;
  seconds: number;
  /** What was done to make the image 8-bit RGB. */
  notes: string[];
  files: string[];
}

/** `ama-sam predict`: outlines nuclei in images. */
export const addPredict: AddCommand = (program, { io, run }) => {
  const command = program
    .command("predict")
    .summary("outline nuclei in your images")
    .description(
      "Segments images of any size. Images larger than the model's input are predicted in overlapping tiles, unless the model was " +
        "trained on whole images resized to its input.",
    )
    .argument("<images>", "an image (PNG, JPEG, TIFF), a folder, or a quoted pattern such as 'slides/**/*.tif'")
    .option("--out <folder>", "where the results go", "predictions")
    .option(
      "--write <kinds>",
      `comma-separated, out of ${OUTPUTS.join(", ")}, or all`,
      "mask,instances,geojson,csv,overlay",
    )
    .option(
      "--threshold <p>",
      "probability above which a pixel is nucleus (default: as the model was evaluated)",
      anyNumber("--threshold", 0, 1),
    )
    .option(
      "--instances <method>",
      "components, or watershed, which splits touching nuclei (default: as the model was evaluated)",
    )
    .option("--tile <pixels>", "side of the tiles in image pixels; 0 for none (default: automatic)")
    .option(
      "--halo <pixels>",
      "overlap of tiles on each side (default: as configured, 64; at most a quarter of the tile)",
      wholeNumber("--halo", 0),
    )
    .option(
      "--views <views>",
      "test-time augmentation: none, flip (mean over mirrored images, 4 times the work), d4 (also turned, 8 times)",
    )
    .option("--mpp <micrometres>", "pixel size, where the file does not say it", anyNumber("--mpp", 0.001, 100))
    .option(
      "--recolor",
      "show the model the image recoloured as a stained section: for bright nuclei on a dark ground (fluorescence)",
    )
    .option("--gzip", "write .geojson.gz, which QuPath opens too")
    .option("--overwrite", "replace results that are there")
    .option("--json", "print what was written as JSON");
  addAdapterOption(addShardOption(addModelOptions(command)))
    .addHelpText("after", "\nExample: ama-sam predict slide.png --run runs/demo --write geojson,overlay")
    .action(
      run(async (given: string, flags: PredictFlags) => {
        const outputs = outputsOf(flags.write);
        if (flags.threshold === 0 || flags.threshold === 1)
          throw new CommandError("--threshold lies between 0 and 1, both excluded");
        if (flags.instances !== undefined && !["components", "watershed"].includes(flags.instances))
          throw new CommandError(`--instances is components or watershed. Got ${JSON.stringify(flags.instances)}`);
        if (flags.views !== undefined && !(VIEWS as readonly string[]).includes(flags.views))
          throw new CommandError(`--views is none, flip or d4. Got ${JSON.stringify(flags.views)}`);
        const tile = flags.tile === undefined ? undefined : wholeNumber("--tile", 0)(flags.tile);
        const shard = shardOf(flags.shard, io);
        const images = shareOf(await findImages(pathFrom(io, given)), shard);
        const out = pathFrom(io, flags.out);
        const summary = join(out, shard.count === 1 ? "predictions.json" : `predictions.${shardName(shard)}.json`);
        if (!flags.overwrite && (await stat(summary).catch(() => null)))
          throw new CommandError(`${out}: predictions are there already`, {
            hint: "Use --overwrite to replace them, or another --out.",
          });
        // Read before a GPU is opened, so that a text file named .tif is told at once.
        if (images.length === 1) await readImage(images[0]!.path);
        return withModelFiles(
          flags,
          (path) => pathFrom(io, path),
          async (files) => {
            const done: PredictedImage[] = [];
            const failed: { image: string; error: string }[] = [];
            await withDevice(io, flags.adapter, async (device) => {
              await makeFolder(out);
              const { model, config } = await loadModel(device, files);
              const base = evaluateOptions(config, model.config.encoder.imageSize);
              for (const { path, name } of images) {
                if (io.stop.reason) break;
                const start = performance.now();
                const image = await readImage(path).catch((error: Error) => {
                  failed.push({ image: path, error: error.message });
                  io.err(`ama-sam: ${error.message}\n`);
                  return null;
                });
                if (!image) continue;
                const micronsPerPixel = flags.mpp ?? image.micronsPerPixel;
                const prediction = await predictImage(
                  model,
                  flags.recolor ? { ...image, data: recolorAsStained(image.data) } : image,
                  {
                    ...base,
                    ...(flags.threshold !== undefined && { threshold: flags.threshold }),
                    ...(tile !== undefined && { tile }),
                    ...(flags.halo !== undefined && { halo: flags.halo }),
                    ...(flags.views !== undefined && { views: flags.views as Views }),
                    instances: {
                      ...base.instances,
                      ...(flags.instances !== undefined && { method: flags.instances as "components" | "watershed" }),
                    },
                    signal: io.stop.signal,
                    onCompile: ({ done, total }) => {
                      if (io.tty) io.err(`\r\x1b[Kpreparing the GPU: kernel ${done} of ${total}`);
                    },
                    onProgress: (tiles, of) => {
                      if (io.tty) io.err(`\r\x1b[K${name}: tile ${tiles} of ${of}`);
                    },
                  },
                ).catch((error) => {
                  if (io.stop.reason) return null;
                  throw error;
                });
                if (io.tty) io.err("\r\x1b[K");
                if (!prediction) break;
                const written = await writePrediction(out, name, image, prediction, outputs, {
                  ...(micronsPerPixel !== undefined && { micronsPerPixel }),
                  gzip: flags.gzip ?? false,
                });
                const seconds = (performance.now() - start) / 1000;
                done.push({
                  image: path,
                  width: image.width,
                  height: image.height,
                  nuclei: prediction.labels.count,
                  seconds,
                  notes: image.notes,
                  files: written,
                });
                if (!flags.json)
                  io.err(
                    `${name}: ${[`${prediction.labels.count} nuclei in ${durationText(seconds)}`, ...image.notes, ...(micronsPerPixel === undefined ? ["pixel size unknown"] : [])].join(", ")}\n`,
                  );
              }
            });
            if (io.stop.reason) {
              io.err(`stopped after ${done.length} of ${images.length} images\n`);
              return io.stop.exitCode;
            }
            const facts = { model: files.trained.sha256, recolored: flags.recolor ?? false, images: done, failed };
            await writeAtomic(summary, `${JSON.stringify(facts, null, 2)}\n`);
            if (flags.json) io.out(`${JSON.stringify(facts, null, 2)}\n`);
            else
              io.out(
                `${counted(
                  done.reduce((sum, image) => sum + image.nuclei, 0),
                  "nucleus",
                  "nuclei",
                )} in ${counted(done.length, "image")}: ${out}\n`,
              );
            return failed.length > 0 ? EXIT.failure : EXIT.ok;
          },
        );
      }),
    );
};

function outputsOf(list: string): Output[] {
  if (list === "all") return [...OUTPUTS];
  return list.split(",").map((kind) => {
    const output = OUTPUTS.find((known) => known === kind.trim());
    if (!output)
      throw new CommandError(`--write: ${JSON.stringify(kind.trim())} is unknown. Known: ${OUTPUTS.join(", ")}, all`);
    return output;
  });
}
