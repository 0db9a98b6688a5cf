import { readFileSync } from "node:fs";
import { repositoryPath } from "./node-source";

/** One golden case: `{ATTRS, TENSORS}` with U8 and F32 tensors (test/golden/FORMAT.md). */
export function goldenCase(id: string) {
  const base = repositoryPath(`test/golden/${id}`);
  const info = JSON.parse(readFileSync(`${base}.json`, "utf8"));
  const bytes = readFileSync(`${base}.safetensors`);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes));
  const tensor = (name: string): { shape: number[]; data: Uint8Array | Float32Array; atol: number; rtol: number } => {
    const { dtype, shape, data_offsets } = header[name];
    const body = Uint8Array.from(bytes.subarray(8 + headerBytes + data_offsets[0], 8 + headerBytes + data_offsets[1]));
    return { shape, data: dtype === "U8" ? body : new Float32Array(body.buffer), ...info.tensors[name] };
  };
  return { attrs: info.attrs, tensor };
}
