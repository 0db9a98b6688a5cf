// A package of this folder. Its name is no literal, so that nothing takes it for a dependency of the repository.
import { readFileSync } from "node:fs";

export const load = (name) => import(name);

export function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
