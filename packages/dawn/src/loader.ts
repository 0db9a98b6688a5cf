import { constants } from "node:os";

/** Keeps a library in memory for the life of the process (dlopen(3); Node's own list of flags lacks it). */
const RTLD_NODELETE = 0x1000;
const SONAME = "libvulkan.so.1";

/**
 * Why the system cannot load a library, or null if it can. Node loads it, finds no Node addon in it, says so and lets it go:
 * that particular complaint means success.
 */
export function loadFailure(library: string, flags: number = constants.dlopen.RTLD_NOW): string | null {
  try {
    process.dlopen({ exports: {} }, library, flags);
    return null;
  } catch (error) {
    const { message } = error as Error;
    return /self-register/.test(message) ? null : message;
  }
}

/** Whether Dawn can find a Vulkan loader, the library between it and the drivers. True off Linux, where it does not matter. */
export function hasVulkanLoader(): boolean {
  return process.platform !== "linux" || loadFailure(SONAME) === null;
}

/**
 * Loads a Vulkan loader for good. Dawn asks for it by its soname, and the system then hands out the one in memory, so this
 * serves machines without `libvulkan.so.1`. Must come before Dawn's first look: an instance that found none stays blind.
 * @throws Error with the system's words when the library does not load.
 */
export function makeLoaderResident(path: string): void {
  const failure = loadFailure(path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  if (failure) throw new Error(failure);
  if (!hasVulkanLoader()) throw new Error(`${path} was loaded, but the system does not answer to ${SONAME}`);
}
