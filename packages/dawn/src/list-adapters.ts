import { DAWN_FLAGS } from "./instance";
import { survey } from "./survey";

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** One adapter of this machine and what matters of it for training. */
export interface AdapterReport {
  /** What `openGpu({ adapter })` and `AMA_SAM_ADAPTER` accept. */
  index: number;
  name: string;
  kind: "hardware" | "software";
  vendor: string;
  architecture: string;
  /** The driver's own words, usually with its version. */
  driver: string;
  /** `vulkan`, `metal` or `d3d12`. */
  backend: string;
  /** Whether the system offers it or this package brings it along. */
  source: "system" | "bundled";
  /** Bytes, counts and invocations that the adapter allows at most. */
  limits: Record<(typeof LIMITS)[number], number>;
  /** WebGPU feature names, sorted. */
  features: readonly string[];
  /** Half precision in shaders (`shader-f16`). */
  f16: boolean;
  /** Kernel times (`timestamp-query`). */
  timestamps: boolean;
  /** Smallest and largest subgroup, or null without `subgroups`. */
  subgroups: { min: number; max: number } | null;
}

/**
 * Every adapter that this machine can offer, the bundled one included, in the order of preference: hardware, lavapipe, the rest.
 * Opens none for good. Two equal cards appear as one.
 * @throws AdapterError (`unsupported`) where Dawn's library does not load
 */
export async function listAdapters(options: { dawnFlags?: readonly string[] } = {}): Promise<AdapterReport[]> {
  const all = await survey(options.dawnFlags ?? DAWN_FLAGS);
  return all.map(({ lease, name, kind, vendor, architecture, driver, backend, source }, index) => {
    const { limits, features, info } = lease.adapter;
    const has = (feature: string) => features.has(feature);
    const report: AdapterReport = {
      index,
      name,
      kind,
      vendor,
      architecture,
      driver,
      backend,
      source,
      limits: Object.fromEntries(LIMITS.map((limit) => [limit, limits[limit]])) as AdapterReport["limits"],
      features: [...features].sort(),
      f16: has("shader-f16"),
      timestamps: has("timestamp-query"),
      subgroups: has("subgroups") ? { min: info.subgroupMinSize ?? 0, max: info.subgroupMaxSize ?? 0 } : null,
    };
    lease.release();
    return report;
  });
}
