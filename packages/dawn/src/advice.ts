import { existsSync } from "node:fs";
import type { AdapterDescription } from "./describe";

/** What a user can do about a software adapter, by what the machine shows. */
function advice(info: AdapterDescription): string {
  if (process.platform !== "linux") return "For a real GPU, install or update its driver.";
  const tips: string[] = [];
  if (existsSync("/dev/nvidiactl") || existsSync("/dev/nvidia0")) {
    tips.push(
      "An NVIDIA GPU is here, but its Vulkan driver is not: install it (in a container: NVIDIA_DRIVER_CAPABILITIES=all, so that libGLX_nvidia and nvidia_icd.json are mounted).",
    );
  } else if (existsSync("/dev/dri/renderD128")) {
    tips.push(
      "A GPU is here (/dev/dri/renderD128), but no driver offers it: install mesa-vulkan-drivers (AMD, Intel) or NVIDIA's driver, and join the group `render`.",
    );
  } else {
    tips.push(
      "On a machine with a GPU, install its Vulkan driver (NVIDIA's own; mesa-vulkan-drivers for AMD and Intel).",
    );
  }
  if (info.software !== "lavapipe") {
    tips.push(
      "Without a GPU, Mesa's lavapipe is faster than this (about 4 times with ViT-B, 1.5 times with small models): apt install mesa-vulkan-drivers (23 or newer; on Debian 12 from bookworm-backports, its 22.3 is refused).",
    );
  }
  return tips.join(" ");
}

/** The lines that say which adapter was taken and, for software, what to install for a real one. */
export function announce(info: AdapterDescription): string {
  if (info.kind === "hardware") return `GPU: ${info.name} (hardware${info.driver ? `, ${info.driver}` : ""})`;
  return `GPU: ${info.name} (software: the CPU does the work, slowly). ${advice(info)}`;
}

const said = new Set<string>();

/** Tells the caller's `log`, or stderr, there each line once per process. */
export function say(line: string, log?: (line: string) => void): void {
  if (log) {
    log(line);
    return;
  }
  if (said.has(line)) return;
  said.add(line);
  process.stderr.write(`[ama-sam] ${line}\n`);
}
