import type { Command } from "commander";
import { CommandError } from "../errors";
import type { Io } from "../io";

/** Part `index` (from 0) of `count`. */
export interface Shard {
  index: number;
  count: number;
}

/** Adds `--shard`. */
export function addShardOption(command: Command): Command {
  return command.option(
    "--shard <i/n>",
    "do the i-th of n parts, counted from 0 (default: from a Slurm array or an indexed Kubernetes job, else all)",
  );
}

/**
 * Which part this process does: `--shard`, else Slurm's array (`SLURM_ARRAY_TASK_ID` of `SLURM_ARRAY_TASK_COUNT`), else Kubernetes'
 * indexed job (`JOB_COMPLETION_INDEX` of `JOB_COMPLETIONS`), else everything.
 *
 * @throws CommandError for a shard out of range, or an index without a count
 */
export function shardOf(given: string | undefined, io: Io): Shard {
  if (given !== undefined) {
    const match = /^(\d+)\/(\d+)$/.exec(given);
    if (!match) throw new CommandError(`--shard takes i/n, such as 0/4. Got ${JSON.stringify(given)}`);
    return checked(Number(match[1]), Number(match[2]), "--shard");
  }
  const { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_COUNT: tasks, SLURM_ARRAY_TASK_MIN: first = "0" } = io.env;
  if (task !== undefined && tasks !== undefined)
    return checked(Number(task) - Number(first), Number(tasks), "Slurm's array");
  const { JOB_COMPLETION_INDEX: index, JOB_COMPLETIONS: completions } = io.env;
  if (index !== undefined) {
    if (completions === undefined)
      throw new CommandError("JOB_COMPLETION_INDEX is set, but JOB_COMPLETIONS is not", {
        hint: "Kubernetes does not tell a pod how many there are: set JOB_COMPLETIONS in the manifest (docs/clusters/job.yaml).",
      });
    return checked(Number(index), Number(completions), "the indexed job");
  }
  return { index: 0, count: 1 };
}

function checked(index: number, count: number, where: string): Shard {
  if (!Number.isInteger(index) || !Number.isInteger(count) || count < 1 || index < 0 || index >= count)
    throw new CommandError(`${where}: there is no part ${index} of ${count}. Parts count from 0`);
  return { index, count };
}

/** The part's share of a list: every `count`-th, so that a slow stretch is spread over all. */
export function shareOf<T>(items: readonly T[], { index, count }: Shard): T[] {
  return items.filter((_, i) => i % count === index);
}

/** `shard-2-of-8`, or the empty string where there is one part. */
export function shardName({ index, count }: Shard): string {
  return count === 1 ? "" : `shard-${index}-of-${count}`;
}
