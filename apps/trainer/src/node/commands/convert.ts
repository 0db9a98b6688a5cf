import { stat } from "node:fs/promises";
import { checkpointChunks, detectNaming, mapKeys, openCheckpoint, renameCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { Option } from "commander";
import { type AddCommand, pathFrom } from "../command";
import { CommandError, EXIT, naming } from "../errors";
import { writeAtomic } from "../files/atomic-write";
import { withFile } from "../files/file-bytes";
import { bytesText } from "../output/text";

interface ConvertFlags {
  dtype: "stored" | "f32";
  names: "sam" | "keep";
  root?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** `ama-sam convert`: a PyTorch checkpoint as safetensors. */
export const addConvert: AddCommand = (program, { io, run }) => {
  program
    .command("convert")
    .summary("turn a PyTorch checkpoint into safetensors")
    .description(
      "Writes a .pth (or safetensors) file as safetensors, tensor by tensor: no Python, nothing in the file is executed, " +
        "and no more than one tensor is in memory. Hugging Face's names for SAM become SAM's own.",
    )
    .argument("<input>", "a .pth, .pt, .bin or .safetensors file")
    .argument("<output>", "the .safetensors file to write")
    .addOption(
      new Option("--dtype <type>", "as stored, or widened to 32 bits").choices(["stored", "f32"]).default("stored"),
    )
    .addOption(new Option("--names <kind>", "SAM's names, or as in the file").choices(["sam", "keep"]).default("sam"))
    .option("--root <keys>", "which dict of the file holds the tensors, such as model or ema")
    .option("--overwrite", "replace the output")
    .option("--json", "print what was done as JSON")
    .addHelpText("after", "\nExample: ama-sam convert sam_vit_b_01ec64.pth sam_vit_b.safetensors")
    .action(
      run(async (input: string, output: string, flags: ConvertFlags) => {
        const [from, to] = [pathFrom(io, input), pathFrom(io, output)];
        if (!to.endsWith(".safetensors")) throw new CommandError(`the output must end in .safetensors. Got ${output}`);
        if (from === to) throw new CommandError("input and output are the same file");
        if (!flags.overwrite && (await stat(to).catch(() => null)))
          throw new CommandError(`${output} exists already`, { hint: "Use --overwrite to replace it." });
        const done = await withFile(from, async (source) => {
          const opened = await openCheckpoint(source, flags.root === undefined ? {} : { root: flags.root });
          if (opened.entries.size === 0) throw new CommandError(`${input}: no tensor in this file`);
          const names = detectNaming(opened.entries.keys()) ?? null;
          const checkpoint = flags.names === "keep" ? opened : renameCheckpoint(opened, mapKeys(opened.entries.keys()));
          await writeAtomic(to, checkpointChunks(checkpoint, { dtype: flags.dtype }));
          return { format: opened.format, naming: names, tensors: checkpoint.entries.size };
        }).catch((error) => {
          throw naming(from, error);
        });
        const written = await withFile(to, async (source) => ({ bytes: source.size, sha256: await sha256(source) }));
        if (flags.json) io.out(`${JSON.stringify({ ...done, ...written, output: to }, null, 2)}\n`);
        else
          io.out(
            `${done.tensors} tensors from ${done.format}${done.naming === "hugging-face" && flags.names === "sam" ? ", Hugging Face's names translated" : ""}\n` +
              `wrote ${to} (${bytesText(written.bytes)})\nsha256 ${written.sha256}\n`,
          );
        return EXIT.ok;
      }),
    );
};
