// Where a test process died: the stack of its core file, where the system wrote one (ulimit -c) and gdb is there to read it.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const FRAMES = 20;

/** The stacks of the core files in the repository's root that are younger than `since`; the files are removed. */
export function crashStacks(since) {
  const cores = readdirSync(root)
    .filter((name) => /^core(\.\d+)?$/.test(name))
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile() && statSync(path).mtimeMs >= since);
  return cores.map((core) => {
    const { stdout } = spawnSync("gdb", ["-batch", "-ex", `bt ${FRAMES}`, process.execPath, core], {
      encoding: "utf8",
    });
    rmSync(core);
    const lines = (stdout ?? "")
      .split("\n")
      .filter((line) => /^(#\d|Program terminated)/.test(line))
      .filter((line, i, all) => line !== all[i - 1]);
    return lines.length > 0 ? lines.join("\n") : "a core file was written, but gdb is not here to read it";
  });
}
