import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { AddCommand, CommandHost } from "./command";
import { addAblate } from "./commands/ablate";
import { addCompare } from "./commands/compare";
import { addConvert } from "./commands/convert";
import { addDemo } from "./commands/demo";
import { addDoctor } from "./commands/doctor";
import { addEvaluate } from "./commands/evaluate";
import { addInspect } from "./commands/inspect";
import { addMerge } from "./commands/merge";
import { addPredict } from "./commands/predict";
import { addPrepare } from "./commands/prepare";
import { addReport } from "./commands/report";
import { addTrain } from "./commands/train";
import { EXIT, printError } from "./errors";
import { faultsFromText, setFaults } from "./faults";
import type { Io } from "./io";

const COMMANDS: readonly AddCommand[] = [
  addDemo,
  addDoctor,
  addPrepare,
  addTrain,
  addEvaluate,
  addPredict,
  addAblate,
  addMerge,
  addCompare,
  addReport,
  addInspect,
  addConvert,
];

/** Runs `ama-sam` with the arguments after its name and gives the exit code; writes to `io` alone and never ends the process. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const end = argv.indexOf("--");
  const debug = (end < 0 ? argv : argv.slice(0, end)).includes("--debug");
  let code: number = EXIT.ok;
  const host: CommandHost = {
    io,
    run:
      (action) =>
      async (...args) => {
        code = (await action(...args)) ?? EXIT.ok;
      },
  };
  const program = buildProgram(io, host);
  try {
    if (io.env.AMA_SAM_FAULT) setFaults(faultsFromText(io.env.AMA_SAM_FAULT, (line) => io.err(`${line}\n`)));
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return printError(io, error, debug);
  } finally {
    if (io.env.AMA_SAM_FAULT) setFaults(undefined);
  }
}

/** The program with all verbs. */
export function buildProgram(io: Io, host: CommandHost): Command {
  const program = new Command("ama-sam");
  program
    .description(
      "Segment cell nuclei: train, evaluate and run AMA-SAM on your own images. For research, not for diagnosis.",
    )
    .version(packageJson.version, "--version", "print the version")
    .option("--debug", "print the stack of an error")
    .showSuggestionAfterError(true)
    .addHelpText(
      "after",
      `
First steps:
  ama-sam demo                        see nuclei being learned in minutes; needs no GPU and no data
  ama-sam doctor                      what this machine can do
  ama-sam prepare DATA                check your images and annotations
  ama-sam train configs/nano.yaml     train
  ama-sam predict IMAGE --run RUN     outline nuclei

Exit codes: 0 done, 1 failure, 2 wrong use or input, 75 stopped by the scheduler (resume me), 130 stopped by Ctrl-C.`,
    );
  for (const add of COMMANDS) add(program, host);
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(usageLine(text, command)),
      getErrHelpWidth: () => io.columns,
      getOutHelpWidth: () => io.columns,
    });
    // Accepted anywhere, because it is what one adds to the end of a line that failed.
    if (command !== program) command.option("--debug", "print the stack of an error");
  }
  return program;
}

/** Commander's message in this command's form: one line, and where help is. */
function usageLine(text: string, command: Command): string {
  const message = text
    .replace(/^error: /, "")
    .trim()
    .replace(/\s+/g, " ");
  const name = command.parent ? `ama-sam ${command.name()}` : "ama-sam";
  return `ama-sam: ${message}\nhint: ${name} --help\n`;
}
