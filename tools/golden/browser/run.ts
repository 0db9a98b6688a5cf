import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { minifyWgsl } from "../../../apps/trainer/src/browser/build/minify-wgsl";
import { launchChromium } from "../../../apps/trainer/src/browser/test/chromium";
import { servePage } from "../../start.mjs";
import type { CheckOptions } from "../check";

const files = fileURLToPath(new URL("./files.ts", import.meta.url));

/** Shaders as the page's build makes them; files over HTTP; nothing of the test runner. */
const forBrowser: Plugin = {
  name: "for-browser",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: minifyWgsl(await readFile(path, "utf8")),
      loader: "text",
    }));
    onResolve({ filter: /^node:(fs|path|url)$/ }, () => ({ path: files }));
    onResolve({ filter: /^vitest$/ }, () => ({ path: "vitest", namespace: "none" }));
    onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = {}" }));
  },
};

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("./worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["@ama-sam/source"],
    define: { "process.env.AMA_SAM_GOLDEN_DIR": '""' },
    plugins: [forBrowser],
    logLevel: "error",
  });
  return outputFiles[0]!.text;
}

/** Runs the checks of `check.ts` in a worker of Chromium. */
export async function checkInBrowser({
  dir,
  groups,
  only,
  adapter,
  say,
}: Pick<CheckOptions, "dir" | "groups" | "only" | "say"> & { adapter: string }): Promise<{
  passed: number;
  failed: number;
}> {
  if (adapter !== "swiftshader" && adapter !== "hardware")
    throw new Error(`Chromium has no adapter ${adapter}; expected swiftshader or hardware`);
  const script = await bundle();
  const { server, url } = await servePage({
    folder: dir,
    first: (request, response) => {
      const type = { "/": "text/html", "/worker.js": "text/javascript" }[request.url ?? ""];
      if (!type) return false;
      response.writeHead(200, { "content-type": type }).end(type === "text/html" ? "<!doctype html>" : script);
      return true;
    },
  });
  const browser = await launchChromium({ gpu: adapter });
  try {
    const page = await browser.newPage();
    await page.exposeFunction("say", say);
    page.on("pageerror", (error) => say(String(error)));
    await page.goto(url);
    return await page.evaluate(
      (task) =>
        new Promise<{ passed: number; failed: number }>((done, fail) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onerror = ({ message }) => fail(new Error(message));
          worker.onmessage = ({ data }) => {
            if (data.line) (globalThis as unknown as { say(line: string): void }).say(data.line);
            else if (data.counts) done(data.counts);
            else fail(new Error(data.error));
          };
          worker.postMessage(task);
        }),
      { dir: ".", groups: [...groups], only },
    );
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
