import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
// @boundaries-ignore the page's tests build and serve it as npm start does
import { buildPage } from "../../../../../tools/start.mjs";

/**
 * Builds the page once for all tests and says how much JavaScript it is. Vitest calls it as a global setup.
 * @public
 */
export async function setup(): Promise<void> {
  await buildPage({ quiet: true });
  const { files, raw, gzip } = scriptSizes();
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(`page: ${files} scripts, ${kB(raw)}, ${kB(gzip)} compressed`);
}

/** Bytes of all scripts of the built page: as they are, and compressed as servers send them. */
export function scriptSizes(): { files: number; raw: number; gzip: number } {
  const folder = fileURLToPath(new URL("../../../dist/page/", import.meta.url));
  const scripts = [...readdirSync(join(folder, "assets")).map((name) => join("assets", name)), "offline.js"].filter(
    (name) => name.endsWith(".js"),
  );
  const read = (names: readonly string[]): Buffer[] => names.map((name) => readFileSync(join(folder, name)));
  const sum = (parts: readonly Buffer[]): number => parts.reduce((total, { length }) => total + length, 0);
  return {
    files: scripts.length,
    raw: sum(read(scripts)),
    gzip: sum(read(scripts).map((bytes) => gzipSync(bytes, { level: 9 }))),
  };
}
