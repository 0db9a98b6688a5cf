import { isMap, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { AmaSamError } from "../errors";
import type { ConfigInput } from "./config";
import { check, type Problem, shown } from "./resolve";

/** Longest YAML text that is parsed; configurations have a few kilobytes. */
const MAX_TEXT = 1_000_000;

/**
 * Reads a YAML (or JSON) configuration, without filling in defaults.
 * @param file name for error messages
 * @throws AmaSamError with `file:line:column` for every problem: YAML's own, unknown keys, wrong values
 */
export function parseConfigYaml(text: string, file = "config"): ConfigInput {
  if (text.length > MAX_TEXT)
    throw new AmaSamError(
      "parseConfigYaml",
      `${file} is too large. Got ${text.length} characters. Expected at most ${MAX_TEXT}.`,
    );
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const fail = (messages: string[]): never => {
    throw new AmaSamError("parseConfigYaml", messages.join("\n"));
  };
  if (document.errors.length > 0) fail(document.errors.map((e) => `${at(e.pos[0])} ${e.message}`));
  let aliases = false;
  visit(document, { Alias: () => void (aliases = true) });
  let input: unknown;
  try {
    input = aliases ? document.toJS({ maxAliasCount: 100 }) : document.toJS();
  } catch (error) {
    return fail([`${file} ${(error as Error).message}`]);
  }
  const { problems } = check(input);
  const offset = ({ path, atKey }: Problem): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = document.getIn(path.slice(0, depth - 1), true);
      const pair = isMap(parent)
        ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path[depth - 1])
        : undefined;
      const key = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
      const node = document.getIn(path.slice(0, depth), true) as
        | { range?: [number, number, number] | null }
        | undefined;
      const value = node && typeof node === "object" ? node.range?.[0] : undefined;
      const found = atKey && depth === path.length ? key : (value ?? key);
      if (found !== undefined) return found;
    }
    return 0;
  };
  if (problems.length > 0) fail(problems.map((p) => `${at(offset(p))} ${p.message}`));
  return (input ?? {}) as ConfigInput;
}

/**
 * Overrides one key, as `--set` does: `applySet(config, "train.lr=1e-3")`; values are YAML, lists by index (`data.auxiliary.0.path`).
 * @returns a new configuration; the given one is not changed
 * @throws AmaSamError for text without `=`, an unknown key (with the nearest name) or a wrong value
 */
export function applySet(config: ConfigInput, assignment: string): ConfigInput {
  const split = assignment.indexOf("=");
  const path = assignment
    .slice(0, split)
    .trim()
    .split(".")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  if (split < 1 || path.some((part) => part === "" || part === "__proto__")) {
    throw new AmaSamError(
      "applySet",
      `not an assignment. Got ${shown(assignment)}. Expected key=value, such as train.lr=1e-3.`,
    );
  }
  const document = parseDocument(assignment.slice(split + 1).trim());
  if (document.errors.length > 0)
    throw new AmaSamError("applySet", `the value of ${path.join(".")} is not YAML. ${document.errors[0]!.message}`);
  const next = structuredClone(config) as ConfigInput;
  let at = next as unknown as Record<string | number, unknown>;
  path.slice(0, -1).forEach((part, i) => {
    if (typeof at[part] !== "object" || at[part] === null) at[part] = typeof path[i + 1] === "number" ? [] : {};
    at = at[part] as Record<string | number, unknown>;
  });
  at[path.at(-1)!] = document.toJS({ maxAliasCount: 0 });
  const { problems } = check(next);
  if (problems.length > 0)
    throw new AmaSamError("applySet", `${assignment.trim()}: ${problems.map((p) => p.message).join(" ")}`);
  return next;
}
