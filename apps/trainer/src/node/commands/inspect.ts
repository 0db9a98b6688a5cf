import { stat } from "node:fs/promises";
import { type AddCommand, pathFrom } from "../command";
import { CommandError, EXIT, naming } from "../errors";
import { inspectFile } from "../inspect/inspect-file";
import { inspectFolder } from "../inspect/inspect-folder";
import { type Inspection, TAKES } from "../inspect/inspection";

/** `ama-sam inspect`: says what a file or folder is. */
export const addInspect: AddCommand = (program, { io, run }) => {
  program
    .command("inspect")
    .summary("say what an image, data set, weights file or run is")
    .description(`Looks at a path and says what it is, without changing anything. Takes ${TAKES}.`)
    .argument("<path>", "a file or a folder")
    .option("--tensors", "list every tensor of a weights file")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample: ama-sam inspect sam_vit_b_01ec64.pth")
    .action(
      run(async (given: string, flags: { tensors?: boolean; json?: boolean }) => {
        const path = pathFrom(io, given);
        const found = await inspect(path, flags.tensors === true);
        if (flags.json) io.out(`${JSON.stringify({ kind: found.kind, path, ...found.facts }, null, 2)}\n`);
        else io.out(`${given}: ${found.text}`);
        return EXIT.ok;
      }),
    );
};

async function inspect(path: string, tensors: boolean): Promise<Inspection> {
  const found = await stat(path);
  try {
    return await (found.isDirectory() ? inspectFolder(path) : inspectFile(path, tensors));
  } catch (error) {
    const hint = `inspect takes ${TAKES}.`;
    if (CommandError.isInstance(error) && error.hint === undefined)
      throw new CommandError(error.message, { hint, exitCode: error.exitCode, cause: error });
    throw naming(path, error, hint);
  }
}
