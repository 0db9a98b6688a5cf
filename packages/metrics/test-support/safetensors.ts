import { readFileSync } from "node:fs";
import type { MetricsTensor } from "./golden-metrics";

/** Reads the integer tensors of a golden file (only tests of this package use it; `@ama-sam/checkpoint` has the real reader). */
export function readTensors(path: string): Record<string, MetricsTensor> {
  const file = readFileSync(path);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const header = Number(new DataView(bytes).getBigUint64(0, true));
  const entries = JSON.parse(file.toString("utf8", 8, 8 + header)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const out: Record<string, MetricsTensor> = {};
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") continue;
    const [from, to] = entry.data_offsets.map((o) => o + 8 + header) as [number, number];
    const part = bytes.slice(from, to);
    if (entry.dtype === "I32") out[name] = { shape: entry.shape, data: new Int32Array(part) };
    else if (entry.dtype === "U8") out[name] = { shape: entry.shape, data: new Uint8Array(part) };
    else throw new Error(`${path}: ${name} has dtype ${entry.dtype}`);
  }
  return out;
}
