import { bundledDrivers, prepareLoader } from "./bundled";
import { type AdapterDescription, describe } from "./describe";
import { type Drivers, findDrivers, findExtraDrivers, findLavapipe } from "./drivers";
import { type Lease, lease, listNames } from "./instance";

/** One adapter of this machine, opened. */
export interface Surveyed extends AdapterDescription {
  dawnName: string;
  backend: string;
  /** Whether a driver on the system offers it, or this package brings it along. */
  source: "system" | "bundled";
  lease: Lease;
}

async function openAll(drivers: Drivers, source: Surveyed["source"], flags: readonly string[]): Promise<Surveyed[]> {
  const found: Surveyed[] = [];
  for (const { backend, name } of await listNames(drivers, flags)) {
    const held = await lease({ drivers, flags, backend, name });
    if (held) found.push({ ...describe(held.adapter.info, name), dawnName: name, backend, source, lease: held });
  }
  return found;
}

/**
 * Opens every adapter that this machine can offer, hardware first; the software ones last, the fastest of them first. The
 * caller releases all that it does not keep.
 */
export async function survey(flags: readonly string[]): Promise<Surveyed[]> {
  await prepareLoader();
  const found = findDrivers() ? await openAll("environment", "system", flags) : [];
  const extra = findExtraDrivers();
  if (!found.some((it) => it.kind === "hardware") && extra.length > 0) {
    found.push(...(await openAll(extra, "system", flags)));
  }
  const lavapipe = findLavapipe();
  if (!found.some((it) => it.software === "lavapipe") && lavapipe.length > 0) {
    found.push(...(await openAll(lavapipe, "system", flags)));
  }
  if (!found.some((it) => it.software === "swiftshader")) {
    const bundled = await bundledDrivers().catch(() => null);
    if (bundled) found.push(...(await openAll(bundled, "bundled", flags)));
  }
  const rank = (it: Surveyed) => (it.kind === "hardware" ? 0 : it.software === "lavapipe" ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b));
}
