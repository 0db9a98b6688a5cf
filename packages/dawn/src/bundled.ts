import type { Drivers } from "./drivers";
import { AdapterError } from "./errors";
import { hasVulkanLoader, makeLoaderResident } from "./loader";
import { isSwiftShaderPlatform, provideSwiftShader } from "./swiftshader";

/**
 * Makes sure that Dawn will find a Vulkan loader: the system's, else the one that comes with SwiftShader, which also serves
 * real drivers (a container often has NVIDIA's driver but no loader). Answers why there is none, or null.
 */
export async function prepareLoader(): Promise<string | null> {
  if (hasVulkanLoader()) return null;
  if (!isSwiftShaderPlatform())
    return "the system has no libvulkan.so.1 (on Debian and Ubuntu: apt install libvulkan1)";
  try {
    makeLoaderResident((await provideSwiftShader()).loader);
    return null;
  } catch (error) {
    return `the system has no libvulkan.so.1, and the bundled one cannot serve: ${(error as Error).message}`;
  }
}

/**
 * The driver list that shows SwiftShader alone, unpacked and with a loader in place.
 * @throws AdapterError when it cannot be provided.
 */
export async function bundledDrivers(): Promise<Drivers> {
  const { icd } = await provideSwiftShader();
  const problem = await prepareLoader();
  if (problem) throw new AdapterError("openGpu", "bundle", problem);
  return [icd];
}
