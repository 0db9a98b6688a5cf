import { CheckpointError, quoteName } from "./errors";
import { nearestNames } from "./nearest-names";

/** Shapes by name: a plain Map, or a checkpoint's `entries`. */
export type Manifest = ReadonlyMap<string, readonly number[] | { readonly shape: readonly number[] }>;

export interface CompareOptions {
  /** Names of the file that may be surplus (a part of it is loaded on purpose). */
  readonly allowSurplus?: (name: string) => boolean;
  /** Expected names that may be missing (new layers that keep their initial values). */
  readonly allowMissing?: (name: string) => boolean;
}

/** How a file differs from what a model expects. */
export interface ManifestReport {
  /** True where nothing is missing, surplus or misshapen beyond what the options allow. */
  readonly ok: boolean;
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  readonly misshapen: readonly {
    readonly name: string;
    readonly expected: readonly number[];
    readonly got: readonly number[];
  }[];
  /** For a missing name: the surplus name that is nearest, of equal shape where there is one. */
  readonly suggestions: ReadonlyMap<string, string>;
  /** The prefix that all surplus names add to missing ones ("module."), if there is one. */
  readonly surplusPrefix: string | undefined;
}

/** Beyond this many missing names the reader needs a different file, not a spelling. */
const MAX_SUGGESTIONS = 50;

function shapeOf(manifest: Manifest, name: string): readonly number[] {
  const entry = manifest.get(name) ?? [];
  return "shape" in entry ? entry.shape : entry;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Lists all that is missing, surplus and misshapen at once, with the nearest names. Throws nothing; see `assertManifest`. */
export function compareManifest(expected: Manifest, got: Manifest, options: CompareOptions = {}): ManifestReport {
  const missing = [...expected.keys()].filter((name) => !got.has(name) && !options.allowMissing?.(name));
  const surplus = [...got.keys()].filter((name) => !expected.has(name) && !options.allowSurplus?.(name));
  const misshapen = [...expected.keys()]
    .filter((name) => got.has(name) && !same(shapeOf(expected, name), shapeOf(got, name)))
    .map((name) => ({ name, expected: shapeOf(expected, name), got: shapeOf(got, name) }));
  const surplusPrefix = commonPrefix(missing, surplus);
  const suggestions = new Map<string, string>();
  for (const name of missing.slice(0, MAX_SUGGESTIONS)) {
    const near =
      surplusPrefix === undefined ? nearest(name, shapeOf(expected, name), surplus, got) : surplusPrefix + name;
    if (near !== undefined && got.has(near)) suggestions.set(name, near);
  }
  const ok = missing.length === 0 && surplus.length === 0 && misshapen.length === 0;
  return { ok, missing, surplus, misshapen, suggestions, surplusPrefix };
}

/** Names of equal shape first: two layers of one width differ by name only, but a wrong shape never fits. */
function nearest(
  name: string,
  shape: readonly number[],
  surplus: readonly string[],
  got: Manifest,
): string | undefined {
  const fitting = surplus.filter((other) => same(shapeOf(got, other), shape));
  return nearestNames(name, fitting, 1, 0.6)[0] ?? nearestNames(name, surplus, 1)[0];
}

/** The one prefix that turns every missing name into a surplus one. */
function commonPrefix(missing: readonly string[], surplus: readonly string[]): string | undefined {
  const first = missing[0];
  if (first === undefined) return undefined;
  const names = new Set(surplus);
  const found = surplus.find((name) => name.length > first.length && name.endsWith(`.${first}`));
  const prefix = found?.slice(0, found.length - first.length);
  return prefix !== undefined && missing.every((name) => names.has(prefix + name)) ? prefix : undefined;
}

/** Throws one `mismatch` error that lists everything `compareManifest` finds; returns the report otherwise. */
export function assertManifest(expected: Manifest, got: Manifest, options: CompareOptions = {}): ManifestReport {
  const report = compareManifest(expected, got, options);
  if (report.ok) return report;
  throw new CheckpointError(
    "mismatch",
    `[assertManifest] the checkpoint does not fit the model.\n${formatReport(report)}`,
  );
}

/** A report as text, at most 20 lines per list. */
export function formatReport(report: ManifestReport): string {
  const { missing, surplus, misshapen, suggestions, surplusPrefix } = report;
  const lines: string[] = [];
  const list = <T>(title: string, items: readonly T[], line: (item: T) => string) => {
    if (items.length === 0) return;
    lines.push(`${title} (${items.length}):`, ...items.slice(0, 20).map((item) => `  ${line(item)}`));
    if (items.length > 20) lines.push(`  ... and ${items.length - 20} more`);
  };
  list("missing", missing, (name) => {
    const near = suggestions.get(name);
    return near === undefined ? quoteName(name) : `${quoteName(name)}, did you mean ${quoteName(near)}?`;
  });
  list("surplus", surplus, quoteName);
  list("misshapen", misshapen, ({ name, expected, got }) => `${quoteName(name)}: got [${got}], expected [${expected}]`);
  if (surplusPrefix !== undefined) {
    lines.push(
      `Every missing name is there with the prefix ${quoteName(surplusPrefix)}: rename the checkpoint without it.`,
    );
  }
  return lines.join("\n");
}
