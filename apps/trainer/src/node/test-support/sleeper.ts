import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A process of its own that does nothing until it is killed. */
export async function sleeper(program = process.execPath): Promise<ChildProcess> {
  const script = 'console.log("up"); setInterval(() => {}, 60_000)';
  const child = spawn(program, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  return child;
}
