#!/usr/bin/env node
// `ama-sam` in a checkout: the command on its TypeScript sources, without a build.
import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("./main.ts", import.meta.url)));
// @boundaries-ignore inside the repository the command runs on its sources
await import("../../../../tools/run.mjs");
