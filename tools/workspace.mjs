// What the tools share: the workspaces of this repository and the files in them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const SKIP = new Set(["node_modules", "dist", ".turbo", ".git", "coverage", "golden-out"]);

/** Files below a folder of the repository, as sorted paths relative to the root. */
export function files(folder, keep = () => true) {
  const found = [];
  const visit = (dir) => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (SKIP.has(entry.name)) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (keep(entry.name)) found.push(relative(root, path));
    }
  };
  if (existsSync(join(root, folder))) visit(join(root, folder));
  return found.sort();
}

/** Text of a file, "" when there is none. */
export function read(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
}

/** Workspaces of `packages` or `apps`: their folder and package.json. */
export function workspaces(...parents) {
  return parents.flatMap((parent) =>
    readdirSync(join(root, parent))
      .sort()
      .map((name) => `${parent}/${name}`)
      .filter((dir) => existsSync(join(root, dir, "package.json")))
      .map((dir) => ({ dir, manifest: JSON.parse(read(`${dir}/package.json`)) })),
  );
}

/** Lines of a text, the last line break not counted. */
export const lineCount = (text) => (text === "" ? 0 : text.replace(/\n$/, "").split("\n").length);

/** A file that only tests use. */
export const isTest = (path) => /\.(test|bench)\.tsx?$/.test(path) || /(^|\/)(test-support|test|fixtures)\//.test(path);
