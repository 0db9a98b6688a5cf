import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A stored tensor; half and integers as they are. */
export interface GoldenTensor {
  dtype: string;
  shape: number[];
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int16Array | Uint16Array;
}

/** How a tensor is judged: |v - r| <= atol + rtol |r|; without `atol`, exactly. */
export interface GoldenTolerance {
  dtype: string;
  shape: number[];
  atol?: number;
  rtol?: number;
  rms?: number;
  moved_max?: number;
  max_abs?: number;
}

/** One golden case: `ID.json` with `ID.safetensors`. */
export interface GoldenCase {
  id: string;
  op: string;
  // biome-ignore lint/suspicious/noExplicitAny: the manifest's attributes differ by op
  attrs: Record<string, any>;
  notes: string;
  expected: Record<string, GoldenTolerance>;
  tensors: Map<string, GoldenTensor>;
}

/** The golden folder in force: `AMA_SAM_GOLDEN_DIR`, else the copy in this repository. */
export function goldenDir(): string {
  if (process.env.AMA_SAM_GOLDEN_DIR) return process.env.AMA_SAM_GOLDEN_DIR;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "test", "golden", "index.json"))) {
    if (dirname(at) === at) throw new Error("[goldenDir] no test/golden above this file. Set AMA_SAM_GOLDEN_DIR.");
    at = dirname(at);
  }
  return join(at, "test", "golden");
}

/** Reads a safetensors file of the golden set (trusted input: no checks). */
export function readTensors(path: string): Map<string, GoldenTensor> {
  const file = readFileSync(path);
  const bytes = new Uint8Array(file).buffer;
  const length = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const views = {
    F32: Float32Array,
    F64: Float64Array,
    I64: BigInt64Array,
    I32: Int32Array,
    I16: Int16Array,
    F16: Uint16Array,
    U8: Uint8Array,
    BOOL: Uint8Array,
  };
  const out = new Map<string, GoldenTensor>();
  for (const [name, info] of Object.entries(header) as [
    string,
    { dtype: keyof typeof views; shape: number[]; data_offsets: [number, number] },
  ][]) {
    if (name === "__metadata__") continue;
    const [start, end] = info.data_offsets;
    out.set(name, {
      dtype: info.dtype,
      shape: info.shape,
      data: new views[info.dtype](bytes.slice(8 + length + start, 8 + length + end)),
    });
  }
  return out;
}

/** Names of a group's cases, from the index. */
export function goldenIds(group: string, dir = goldenDir()): string[] {
  const index = JSON.parse(readFileSync(join(dir, "index.json"), "utf8"));
  return (index.groups[group] ?? []).map((c: { id: string }) => c.id);
}

/** Reads one case; a case without a safetensors file has no tensors. */
export function goldenCase(id: string, dir = goldenDir()): GoldenCase {
  const manifest = JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
  const file = join(dir, `${id}.safetensors`);
  const tensors = existsSync(file) ? readTensors(file) : new Map<string, GoldenTensor>();
  return {
    id: manifest.id,
    op: manifest.op,
    attrs: manifest.attrs,
    notes: manifest.notes ?? "",
    expected: manifest.tensors ?? {},
    tensors,
  };
}

/** All cases of a group whose op is in `ops` (all ops without it). */
export function goldenCases(group: string, ops?: readonly string[], dir = goldenDir()): GoldenCase[] {
  return goldenIds(group, dir)
    .filter((id) => existsSync(join(dir, `${id}.json`)))
    .map((id) => goldenCase(id, dir))
    .filter((c) => !ops || ops.includes(c.op));
}

/** Files of a group's folder. */
export function goldenFiles(group: string, dir = goldenDir()): string[] {
  return readdirSync(join(dir, group)).map((f) => join(dir, group, f));
}

/** What one comparison found. */
export interface Verdict {
  name: string;
  ok: boolean;
  /** Largest |v - r|. */
  worst: number;
  /** The tolerance at that element. */
  allowed: number;
  message: string;
}

/** Judges values against a stored tensor by the manifest's rule. */
export function judge(test: GoldenCase, name: string, got: ArrayLike<number | bigint>): Verdict {
  const reference = test.tensors.get(name);
  const rule = test.expected[name];
  if (!reference || !rule) return { name, ok: false, worst: Number.NaN, allowed: 0, message: "not in the case" };
  if (got.length !== reference.data.length)
    return {
      name,
      ok: false,
      worst: Number.NaN,
      allowed: 0,
      message: `${got.length} values, expected ${reference.data.length}`,
    };
  const { atol = 0, rtol = 0 } = rule;
  let excess = Number.NEGATIVE_INFINITY;
  let [worst, allowed, at, sum] = [0, atol, 0, 0];
  for (let i = 0; i < got.length; i++) {
    const r = Number(reference.data[i]);
    const error = Math.abs(Number(got[i]) - r);
    const bound = atol + rtol * Math.abs(r);
    sum += error * error;
    const over = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error - bound;
    if (over > excess) [excess, worst, allowed, at] = [over, error, bound, i];
  }
  const rms = Math.sqrt(sum / Math.max(1, got.length));
  const ok = excess <= 0 && (rule.rms === undefined || rms <= rule.rms);
  const message = ok
    ? ""
    : `worst ${worst.toExponential(2)} > ${allowed.toExponential(2)} at ${at}${rule.rms !== undefined ? `, rms ${rms.toExponential(2)} (allowed ${rule.rms.toExponential(2)})` : ""}`;
  return { name, ok, worst, allowed, message };
}
