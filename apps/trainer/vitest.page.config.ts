import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
// @boundaries-ignore the .wgsl loader is one for the repository
import { wgsl } from "../../tools/vite-wgsl.ts";

const conditions = ["@ama-sam/source", "import", "default"];

/** The page in a real browser: `*.browser.ts` under `src/browser/test`, one after another, on the page as it is built. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [wgsl()],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: "page",
    include: ["src/browser/test/**/*.browser.ts"],
    globalSetup: ["src/browser/test/build-page.ts"],
    pool: "forks",
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
