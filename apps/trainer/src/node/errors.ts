import { CheckpointError } from "@ama-sam/checkpoint";
import { DataError, DecodeError } from "@ama-sam/data";
import { AdapterError } from "@ama-sam/dawn";
import { InstancesError } from "@ama-sam/instances";
import { MetricsError } from "@ama-sam/metrics";
import { ModuleError } from "@ama-sam/nn";
import { DeviceError } from "@ama-sam/tensor";
import { AmaSamError } from "ama-sam";
import type { Io } from "./io";

/** Exit codes of the command. */
export const EXIT = { ok: 0, failure: 1, usage: 2, requeue: 75, interrupted: 130 } as const;

const MARKER = Symbol.for("@ama-sam/trainer/CommandError");

/** What a command says when it cannot go on: one line, perhaps a hint, and the exit code (2 for wrong use, 1 otherwise). */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.usage;
    this.hint = options.hint;
    Object.defineProperty(this, MARKER, { value: true });
  }

  static isInstance(value: unknown): value is CommandError {
    return typeof value === "object" && value !== null && MARKER in value;
  }
}

/** An error as it is shown: message, hint and exit code. */
export interface ShownError {
  message: string;
  hint?: string;
  exitCode: number;
}

/** Errors of the packages about what the user handed in; everything else is a failure of the run or the machine. */
const ABOUT_INPUT = [DataError, DecodeError, MetricsError, InstancesError, AmaSamError, ModuleError];

/** What the engine reports of a run that went wrong, although everything handed in was right. */
const OF_THE_RUN = ["train", "Checkpoints.save", "Checkpoints.load"];

/** Errors of the file system, in words. */
const FILE_SYSTEM: Record<string, { says: string; hint?: string; exitCode: number }> = {
  ENOENT: { says: "no such file or folder", exitCode: EXIT.usage },
  ENOTDIR: { says: "a part of this path is a file, not a folder", exitCode: EXIT.usage },
  EISDIR: { says: "this is a folder, not a file", exitCode: EXIT.usage },
  EACCES: { says: "no permission", hint: "Check the owner and the mode of the folder.", exitCode: EXIT.failure },
  EPERM: { says: "not permitted", exitCode: EXIT.failure },
  EROFS: { says: "the file system is read-only", hint: "Choose another folder with --out.", exitCode: EXIT.failure },
  ENOSPC: {
    says: "the disk is full",
    hint: "Free some space; what was saved before is intact.",
    exitCode: EXIT.failure,
  },
  EDQUOT: { says: "the disk quota is used up", hint: "What was saved before is intact.", exitCode: EXIT.failure },
  EMFILE: { says: "too many open files", hint: "Raise the limit with `ulimit -n`.", exitCode: EXIT.failure },
  EIO: { says: "the disk reports an input/output error", exitCode: EXIT.failure },
};

/** Puts any thrown value into one line, a hint and an exit code. */
export function explain(error: unknown): ShownError {
  if (CommandError.isInstance(error)) {
    return { message: oneLine(error.message), exitCode: error.exitCode, ...(error.hint ? { hint: error.hint } : {}) };
  }
  if (!(error instanceof Error)) return { message: oneLine(String(error)), exitCode: EXIT.failure };
  const known = FILE_SYSTEM[(error as NodeJS.ErrnoException).code ?? ""];
  const message = oneLine(error.message);
  if (known) {
    const { path } = error as NodeJS.ErrnoException;
    return {
      message: path ? `${path}: ${known.says}` : message,
      exitCode: known.exitCode,
      ...(known.hint ? { hint: known.hint } : {}),
    };
  }
  if (AdapterError.isInstance(error)) {
    return {
      message,
      hint: "`ama-sam doctor` lists the adapters of this machine.",
      exitCode: error.reason === "options" || error.reason === "not-found" ? EXIT.usage : EXIT.failure,
    };
  }
  if (CheckpointError.isInstance(error)) {
    return { message, exitCode: error.code === "io" ? EXIT.failure : EXIT.usage };
  }
  if (DeviceError.isInstance(error)) {
    const full = error.reason === "limit" || error.reason === "out-of-memory";
    const hint =
      "Less memory: --set train.microBatch=1 or train.recompute=true; `ama-sam doctor --plan CONFIG` says what a run needs.";
    return { message, exitCode: EXIT.failure, ...(full && { hint }) };
  }
  if (AmaSamError.isInstance(error) && (OF_THE_RUN.includes(error.op) || error.reason === "not-finite"))
    return { message, exitCode: EXIT.failure };
  const input = ABOUT_INPUT.some((type) => type.isInstance(error));
  return { message, exitCode: input ? EXIT.usage : EXIT.failure };
}

/**
 * What a reader says of a file or folder, with its path in front: readers see bytes and do not know it. Other errors come back as they are.
 *
 * @example catch (error) { throw naming(path, error) }
 */
export function naming(path: string, error: unknown, hint?: string): unknown {
  if (![CheckpointError, DataError, DecodeError].some((type) => type.isInstance(error))) return error;
  const { message, exitCode } = explain(error);
  return new CommandError(message.includes(path) ? message : `${path}: ${message}`, {
    exitCode,
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}

/** Prints an error as one line (and a hint) and gives the exit code. The stack comes with `--debug` alone. */
export function printError(io: Io, error: unknown, debug: boolean): number {
  const { message, hint, exitCode } = explain(error);
  io.err(`ama-sam: ${message}\n`);
  if (hint) io.err(`hint: ${hint}\n`);
  if (debug && error instanceof Error) {
    for (let e: unknown = error; e instanceof Error; e = e.cause) io.err(`${e.stack ?? e.message}\n`);
  }
  return exitCode;
}

const MAX_LINE = 600;

/** Controls of both sets (a file name may hold escape sequences for the terminal) and white space. */
const CONTROLS = /[\p{Cc}\s]+/gu;

/** Line breaks and control characters out, the code's own `[function]` in front too: a person asked, not a program. */
function oneLine(text: string): string {
  const flat = text
    .replace(CONTROLS, " ")
    .replace(/^\[[\w.]+\] /, "")
    .trim();
  return flat.length > MAX_LINE ? `${flat.slice(0, MAX_LINE - 3)}...` : flat;
}
