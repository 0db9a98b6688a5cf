import { findAdapter } from "../../packages/dawn/src/find-adapter";
import { DAWN_FLAGS } from "../../packages/dawn/src/instance";
import { paceTicks } from "../../packages/dawn/src/pacing";

/**
 * Puts Dawn on `navigator.gpu`, which answers with the named adapter alone: the one that `openGpu` would take. Libraries made
 * for browsers look there.
 */
export async function installNavigator(adapter: string | undefined): Promise<void> {
  const open = () => findAdapter({ adapter, software: "auto", flags: DAWN_FLAGS });
  const first = await open();
  // As openGpu does: on a software adapter the waiting thread would take what the library computes with.
  if (first.info.kind === "software") paceTicks();
  const leases = [first.lease]; // Dawn's instances must outlive their devices
  const gpu = {
    get wgslLanguageFeatures() {
      return first.lease.gpu.wgslLanguageFeatures;
    },
    getPreferredCanvasFormat: () => "rgba8unorm" as const,
    async requestAdapter() {
      const { lease } = await open();
      leases.push(lease);
      return lease.adapter;
    },
  };
  const value = { gpu, userAgent: "node", hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true, writable: true });
}
