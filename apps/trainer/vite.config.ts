// @boundaries-ignore the .wgsl loader is one for the repository
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { offline } from "./src/browser/build/offline";
import { shaders } from "./src/browser/build/shaders";
import { withoutUnused } from "./src/browser/build/unused";

const here = fileURLToPath(new URL(".", import.meta.url));
const samples = join(here, "../../examples/data");
const models = join(here, "models");

/** Everything below a folder, as paths from it. */
function below(folder: string, prefix = ""): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory()
        ? below(join(folder, name), `${prefix}${name}/`)
        : [`${prefix}${name}`],
    );
}

/** Files that the page fetches when they are asked for: the sample images and the small model, with a list of them. */
function carried(): Plugin {
  const all = (): Map<string, () => Uint8Array> => {
    const files = new Map<string, () => Uint8Array>();
    const sampleFiles = below(samples).filter((path) => /\/(images|labels)\/[^/]+\.png$|\/splits\.json$/.test(path));
    for (const path of sampleFiles) files.set(`samples/${path}`, () => readFileSync(join(samples, path)));
    for (const path of below(models)) files.set(`models/${path}`, () => readFileSync(join(models, path)));
    const list = { samples: sampleFiles, models: below(models) };
    files.set("carried.json", () => new TextEncoder().encode(JSON.stringify(list)));
    return files;
  };
  return {
    name: "carried-files",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const file = all().get(decodeURIComponent((request.url ?? "").split("?")[0]!.slice(1)));
        if (file) response.end(file());
        else next();
      });
    },
    generateBundle() {
      for (const [fileName, source] of all()) this.emitFile({ type: "asset", fileName, source: source() });
    },
  };
}

const lean = (production: boolean): Plugin[] => [shaders(production), withoutUnused(production)];

export default defineConfig(({ command }) => ({
  root: join(here, "src/browser"),
  base: "./",
  publicDir: false,
  plugins: [...lean(command === "build"), carried(), offline()],
  resolve: { conditions: ["@ama-sam/source", "import", "module", "browser", "default"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: {
    format: "es",
    plugins: () => lean(command === "build"),
    // All that the first image needs in one file beside the entry; what readers of one format share, in one file each.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "engine", tags: ["$initial"] },
            { name: "pth", test: /checkpoint[\\/]src[\\/]torch/ },
          ],
        },
      },
    },
  },
  build: {
    outDir: join(here, "dist/page"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    assetsInlineLimit: 0,
  },
  server: { host: "127.0.0.1" },
}));
