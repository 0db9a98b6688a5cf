import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { wgsl } from "./tools/vite-wgsl.ts";

/** `*.test.ts` needs nothing; `*.gpu.test.ts` needs an adapter (software included) and shares one device in one process. */
const base = {
  resolve: { conditions: ["@ama-sam/source", "import", "default"] },
  ssr: { resolve: { conditions: ["@ama-sam/source", "import", "default"] } },
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [wgsl()],
        ...base,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "apps/*/src/**/*.test.ts",
            "tools/**/*.test.ts",
            "test/**/*.test.ts",
          ],
          exclude: ["**/*.gpu.test.ts", "**/node_modules/**", "**/dist/**"],
          pool: "forks",
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
        },
      },
      {
        plugins: [wgsl()],
        ...base,
        test: {
          name: "gpu",
          include: ["packages/*/src/**/*.gpu.test.ts", "apps/*/src/**/*.gpu.test.ts", "test/**/*.gpu.test.ts"],
          setupFiles: ["tools/vitest-gpu-setup.ts"],
          pool: "forks",
          isolate: false,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 }, // after the unit tests: a software adapter takes every core
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
