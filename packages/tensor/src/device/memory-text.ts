import { DeviceError } from "../errors";
import type { MemoryReport } from "./buffers";

/** 1234567 as "1.2 MiB". */
export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${["B", "KiB", "MiB", "GiB"][power]}`;
}

/** `params 1.0 MiB, activations 12.0 KiB`, largest first. */
export function showTags(tags: Record<string, number>): string {
  const parts = Object.entries(tags).sort((a, b) => b[1] - a[1]);
  return parts.length === 0 ? "nothing" : parts.map(([tag, bytes]) => `${tag} ${showBytes(bytes)}`).join(", ");
}

/** The report of `TENSOR_MEM`: two lines. */
export function showMemory(report: MemoryReport): string {
  const { liveBytes, peakBytes, pooledBytes, reservedPeakBytes, liveBuffers, byTag, peakByTag, peakOp } = report;
  return [
    `memory peak ${showBytes(peakBytes)} in ${peakOp || "no op"}: ${showTags(peakByTag)} (the adapter gave ${showBytes(reservedPeakBytes)})`,
    `memory live ${showBytes(liveBytes)} in ${liveBuffers} buffers: ${showTags(byTag)}; waiting for reuse ${showBytes(pooledBytes)}`,
  ].join("\n[tensor] ");
}

/** @internal The error of a refused allocation: who asked, for how much, and what holds the rest. */
export function outOfMemory(
  op: string,
  what: string,
  bytes: number,
  before: MemoryReport,
  driver: string,
): DeviceError {
  return new DeviceError(
    op,
    "out-of-memory",
    `the adapter ran out of memory. Got a request of ${showBytes(bytes)} (${bytes} bytes) for ${what} while ${showBytes(before.liveBytes)} were live (${showTags(before.byTag)}) and ${showBytes(before.pooledBytes)} waited for reuse. Use a smaller batch, image or tile, or recomputation (checkpoint). The driver says: ${driver.split("\n")[0]}`,
  );
}
