import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
// @boundaries-ignore a tool of the repository's root
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
// @boundaries-ignore shaders as packages ship them
import { plainShaders } from "../../../../../tools/plain-wgsl";
import { type Session, start } from "./browser";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const PACKAGES = readdirSync(`${root}packages`).filter((name) => name !== "dawn" && name !== "testing"); // Node's, and the tests'

let session: Session;
beforeAll(async () => {
  session = await start();
});
afterAll(() => session?.close());

/** Each package alone, bundled for a page from its sources as any bundler would, must load and have exports there. */
test.each(PACKAGES)("packages/%s loads alone in a page", async (folder) => {
  const name = folder === "ama-sam" ? folder : `@ama-sam/${folder}`;
  const { outputFiles } = await build({
    stdin: { contents: `import * as all from "${name}"; globalThis.loaded = Object.keys(all);`, resolveDir: root },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["@ama-sam/source"],
    plugins: [plainShaders],
  });
  const { page, problems } = await session.open({ blank: true });
  await page.setContent("<!doctype html><title>package</title>");
  await page.addScriptTag({ content: outputFiles[0].text, type: "module" });
  await page.waitForFunction(() => Array.isArray((globalThis as { loaded?: string[] }).loaded));
  const loaded = await page.evaluate(() => (globalThis as { loaded?: string[] }).loaded ?? []);
  expect(loaded.length).toBeGreaterThan(0);
  expect(problems).toEqual([]);
  console.log(`${name}: ${(outputFiles[0].contents.length / 1000).toFixed(0)} kB minified`);
  await page.close();
});
