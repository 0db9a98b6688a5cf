import { compareManifest, type openCheckpoint, type TensorInput, writeSafetensors } from "@ama-sam/checkpoint";
import type { Tensor } from "@ama-sam/tensor";
import { ModuleError } from "./errors";
import type { Module } from "./module";

/** The part of an opened checkpoint that {@link loadStateDict} needs; `openCheckpoint` of `@ama-sam/checkpoint` gives one. */
export type CheckpointLike = Pick<Awaited<ReturnType<typeof openCheckpoint>>, "entries" | "read">;

/** Options of {@link loadStateDict}. */
export interface LoadOptions {
  /** Names that may be missing from the checkpoint: they keep their values. */
  allowMissing?: (name: string) => boolean;
  /** Names in the checkpoint that the model need not have. */
  allowSurplus?: (name: string) => boolean;
  /** Name of a parameter -> name in the checkpoint. */
  rename?: (name: string) => string;
  onProgress?: (done: number, total: number) => void;
}

/** Types whose elements are no numbers in JavaScript. */
const WHOLE: ReadonlySet<string> = new Set(["i64", "u64"]);

/**
 * Fills a module from a checkpoint, one tensor at a time, so that a large file is never held twice.
 * Nothing is written unless all names and shapes fit.
 * @throws ModuleError that lists missing, surplus and misshapen tensors together, with the nearest names; or for 64-bit whole numbers.
 */
export async function loadStateDict(
  module: Module,
  checkpoint: CheckpointLike,
  options: LoadOptions = {},
): Promise<void> {
  const { rename = (name: string) => name, allowMissing, allowSurplus, onProgress } = options;
  const own = module.stateDict();
  const expected = new Map([...own].map(([name, t]) => [rename(name), t.shape] as const));
  const back = new Map([...own.keys()].map((name) => [rename(name), name] as const));
  const found = new Map([...checkpoint.entries].map(([name, e]) => [name, e.shape] as const));
  const report = compareManifest(expected, found);
  const missing = report.missing.filter((name) => !allowMissing?.(back.get(name) ?? name));
  const surplus = report.surplus.filter((name) => !allowSurplus?.(name));
  if (missing.length + surplus.length + report.misshapen.length > 0)
    throw new ModuleError("loadStateDict", explain(missing, surplus, report));
  const whole = [...own.keys()].map(rename).filter((name) => WHOLE.has(checkpoint.entries.get(name)?.dtype ?? ""));
  if (whole.length > 0)
    throw new ModuleError(
      "loadStateDict",
      `the checkpoint has 64-bit whole numbers where the model has f32. Got ${whole.slice(0, 8).join(", ")}${whole.length > 8 ? ` and ${whole.length - 8} more` : ""}. Expected floating-point tensors.`,
    );
  let done = 0;
  for (const [name, t] of own) {
    const stored = rename(name);
    if (checkpoint.entries.has(stored))
      t.write((await checkpoint.read(stored, { dtype: "f32" })).data as ArrayLike<number>);
    onProgress?.(++done, own.size);
  }
}

function explain(missing: string[], surplus: string[], report: ReturnType<typeof compareManifest>): string {
  const some = (names: string[]) =>
    names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
  const near = missing.slice(0, 8).flatMap((name) => {
    const guess = report.suggestions.get(name);
    return guess ? [`${name}: did you mean ${guess}?`] : [];
  });
  const parts = [
    missing.length > 0 ? `${missing.length} missing: ${some(missing)}` : "",
    surplus.length > 0 ? `${surplus.length} surplus: ${some(surplus)}` : "",
    report.misshapen.length > 0
      ? `${report.misshapen.length} misshapen: ${some(report.misshapen.map((m) => `${m.name} is [${m.got.join(", ")}], expected [${m.expected.join(", ")}]`))}`
      : "",
    ...near,
  ].filter(Boolean);
  return `the checkpoint does not fit this model.\n  ${parts.join("\n  ")}\nIs it a checkpoint of another preset?`;
}

/**
 * Reads tensors back and packs them as safetensors, f32.
 * @param tensors by name, for example `module.stateDict()` or only its trainable part
 */
export async function saveStateDict(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Map<string, TensorInput>();
  for (const [name, t] of tensors) out.set(name, { dtype: "f32", shape: t.shape, data: await t.data() });
  return writeSafetensors(out, metadata);
}
