import { resolve } from "node:path";
import type { Command } from "commander";
import { CommandError } from "./errors";
import type { Io } from "./io";

/** What a command is registered with. */
export interface CommandHost {
  io: Io;
  /** Wraps an action; its number (0 without one) becomes the exit code. */
  run<Args extends unknown[]>(action: (...args: Args) => Promise<number | undefined>): (...args: Args) => Promise<void>;
}

/** Adds one verb to the program: the one export of every file in `commands/`. */
export type AddCommand = (program: Command, host: CommandHost) => void;

/** A path as the user wrote it, from the folder the command was started in. */
export function pathFrom(io: Io, path: string): string {
  if (path === "") throw new CommandError("an empty path was given. Expected a file or a folder");
  return resolve(io.cwd, path);
}

/** A whole number of an option. */
export function wholeNumber(option: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
      throw new CommandError(`${option} takes a whole number ${range}. Got ${JSON.stringify(text)}`);
    }
    return value;
  };
}

/** A finite number of an option, inside [min, max]. */
export function anyNumber(option: string, min: number, max = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max) {
      const range = Number.isFinite(max) ? `from ${min} to ${max}` : `from ${min}`;
      throw new CommandError(`${option} takes a number ${range}. Got ${JSON.stringify(text)}`);
    }
    return value;
  };
}

/** Collects an option that may be given several times. */
export const repeated = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
