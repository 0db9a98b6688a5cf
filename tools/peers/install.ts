import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Versions in the lock file of this folder; null for what is not there. */
function version(name: string): string | null {
  const file = `${folder}node_modules/${name}/package.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version : null;
}

/** Installs the peers by this folder's own lock file, at the first run and after a change of versions. */
export function installPeers(): void {
  const manifest = JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as {
    dependencies: Record<string, string>;
  };
  if (Object.entries(manifest.dependencies).every(([name, wanted]) => version(name) === wanted)) return;
  console.error("installing the peers into tools/peers (once) ...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status } = spawnSync(npm, args, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`[bench:peers] npm ci failed in tools/peers. Got exit status ${status}.`);
}
