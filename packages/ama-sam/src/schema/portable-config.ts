import type { Config } from "./config";

/** The last part of a path of any system; the path itself where there is none. */
const lastPart = (path: string): string => path.split(/[\\/]+/).findLast((part) => part !== "") ?? path;

/** What a path says on another machine: a relative one is kept where it stays inside its folder, of another its last part is. */
export function portablePath(path: string): string {
  const outside = /^([\\/~]|[A-Za-z]:)|(^|[\\/])\.\.([\\/]|$)/.test(path);
  return outside ? lastPart(path) : path;
}

/**
 * A configuration without the folders of the machine that it was used on, for files that travel: the headers of weights, and reports.
 * Data sets keep their names and everything that says which images were meant; where they lie is left to who uses the file.
 *
 * @returns a complete configuration whose paths are names: data sets, split files, the order of batches, the first checkpoint
 */
export function portableConfig(config: Config): Config {
  const { data, model, output } = config;
  const set = <S extends Config["data"]["auxiliary"][number]>(given: S): S => ({
    ...given,
    path: portablePath(given.path),
    ...(given.split !== undefined && { split: portablePath(given.split) }),
  });
  const { sampler } = data;
  const { checkpoint } = model.init;
  return {
    ...config,
    model: {
      ...model,
      init: { ...model.init, ...(checkpoint !== undefined && { checkpoint: portablePath(checkpoint) }) },
    },
    data: {
      ...data,
      ...(data.primary && { primary: set(data.primary) }),
      auxiliary: data.auxiliary.map(set),
      sampler: typeof sampler === "object" && "order" in sampler ? { order: portablePath(sampler.order) } : sampler,
    },
    output: { ...output, dir: portablePath(output.dir) },
  };
}
