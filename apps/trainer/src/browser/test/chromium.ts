import { existsSync } from "node:fs";
// @boundaries-ignore a tool of the repository's root
import { type Browser, chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Measured on Chromium 156: without these there is no adapter in a headless browser, or a GPU crash ends the page for good. */
const GPU = {
  swiftshader: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  hardware: ["--enable-unsafe-webgpu", "--enable-features=Vulkan"],
  none: [],
};
const RECOVERABLE = ["--disable-domain-blocking-for-3d-apis", "--disable-gpu-process-crash-limit"];

async function findChromium(): Promise<string> {
  for (const path of [
    process.env.CHROMIUM_PATH,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ]) {
    if (path && existsSync(path)) return path;
  }
  // @boundaries-ignore an optional package of @ama-sam/dawn
  const { default: bundled } = (await import("@sparticuz/chromium")) as {
    default: { executablePath(): Promise<string> };
  };
  return bundled.executablePath();
}

/** Starts a headless Chromium with WebGPU; `crashes: "limited"` keeps the browser's own limit on GPU crashes. */
export async function launchChromium({
  gpu = "swiftshader",
  crashes = "unlimited",
}: {
  gpu?: keyof typeof GPU;
  crashes?: "unlimited" | "limited";
} = {}): Promise<Browser> {
  const args = [...FLAGS, ...GPU[gpu], ...(crashes === "unlimited" ? RECOVERABLE : [])];
  return chromium.launch({ executablePath: await findChromium(), headless: true, args });
}
