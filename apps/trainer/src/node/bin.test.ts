import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const repository = new URL("../../../../", import.meta.url);
const json = async (path: string) => JSON.parse(await readFile(new URL(path, repository), "utf8"));

test("`npx ama-sam` runs on the sources as soon as `npm ci` has linked it, from any folder", async () => {
  const { bin } = await json("apps/trainer/package.json");
  const path = bin["ama-sam"].replace(/^\.\//, "");
  // npm links what the lock file names, and Unix starts what may be executed.
  expect((await json("package-lock.json")).packages["apps/trainer"].bin["ama-sam"]).toBe(path);
  const file = new URL(`apps/trainer/${path}`, repository);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o111).toBe(0o111);
  const { stdout } = await promisify(execFile)(process.execPath, [file.pathname, "--help"], { cwd: tmpdir() });
  expect(stdout).toContain("ama-sam demo");
});
