import * as v from "valibot";
import { isMap, isPair, isScalar, LineCounter, parseDocument, stringify, visit } from "yaml";
import { AmaSamError } from "../errors";
import { PRESETS } from "../model/config";
import { type Config, type ConfigInput, configSchema } from "./config";
import { nearestName } from "./nearest";
import { keysAt } from "./walk";

type Path = readonly (string | number)[];

/** One thing that is wrong, and where. */
interface Problem {
  path: Path;
  /** True where the key itself is wrong, not its value. */
  atKey: boolean;
  message: string;
}

/** Longest YAML text that is parsed; configurations have a few kilobytes. */
const MAX_TEXT = 1_000_000;

function shown(value: unknown): string {
  const json = typeof value === "number" && !Number.isFinite(value) ? String(value) : JSON.stringify(value);
  return json === undefined ? String(value) : json.length > 60 ? `${json.slice(0, 57)}...` : json;
}

function problemsOf(issues: readonly v.BaseIssue<unknown>[], base: Path = []): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = [...base, ...(issue.path ?? []).map((part) => part.key as string | number)];
    const name = path.join(".") || "the configuration";
    if (issue.type === "union" && issue.issues) {
      // The branch that got furthest says more than "no branch fits".
      const deeper = issue.issues.filter((inner) => (inner.path?.length ?? 0) > 0);
      // Where a key is unknown, the key that is missing is the one it should have been.
      const unknown = deeper.filter((inner) => inner.expected === "never");
      if (deeper.length > 0) return problemsOf(unknown.length > 0 ? unknown : deeper, path);
    }
    if (issue.type === "strict_object" && issue.expected === "never") {
      const parent = path.slice(0, -1);
      const known = keysAt(configSchema, parent);
      const near = nearestName(String(path.at(-1)), known);
      const hint = near ? ` Did you mean ${[...parent, near].join(".")}?` : ` Known here: ${known.join(", ")}.`;
      return [{ path, atKey: true, message: `${name} is not a key.${hint}` }];
    }
    if (issue.type === "strict_object" && issue.received === "undefined") {
      return [{ path: path.slice(0, -1), atKey: false, message: `${name} is missing.` }];
    }
    return [
      {
        path,
        atKey: false,
        message: `${name} is wrong. Got ${shown(issue.input)}. Expected ${issue.expected ?? issue.message}.`,
      },
    ];
  });
}

function check(input: unknown): { output: v.InferOutput<typeof configSchema> | null; problems: Problem[] } {
  if (Array.isArray(input))
    return {
      output: null,
      problems: [
        {
          path: [],
          atKey: false,
          message: "the configuration is wrong. Got a list. Expected sections such as train: and data:.",
        },
      ],
    };
  const result = v.safeParse(configSchema, input ?? {});
  if (!result.success) return { output: null, problems: problemsOf(result.issues) };
  return { output: result.output, problems: across(result.output) };
}

/** Rules between keys. */
function across({ train, model, data }: v.InferOutput<typeof configSchema>): Problem[] {
  const problems: Problem[] = [];
  const wrong = (path: Path, message: string): void => {
    problems.push({ path, atKey: false, message: `${path.join(".")} ${message}` });
  };
  if ((train.microBatch ?? 1) > train.batch)
    wrong(
      ["train", "microBatch"],
      `is larger than the batch. Got ${train.microBatch}. Expected at most train.batch = ${train.batch}.`,
    );
  if (data.augment !== "none" && data.augment.scale[1] < data.augment.scale[0])
    wrong(["data", "augment", "scale"], `is no range. Got ${shown(data.augment.scale)}. Expected low <= high.`);
  const encoder = { ...PRESETS[model.preset].encoder, ...model.overrides.encoder };
  if (encoder.imageSize % encoder.patchSize !== 0)
    wrong(
      ["model", "overrides", "encoder"],
      `do not fit. Got images of ${encoder.imageSize} in patches of ${encoder.patchSize}. Expected a multiple.`,
    );
  if (encoder.width % encoder.heads !== 0)
    wrong(
      ["model", "overrides", "encoder"],
      `do not fit. Got ${encoder.width} channels for ${encoder.heads} heads. Expected a multiple.`,
    );
  return problems;
}

/** Fills in every default. */
function complete(output: v.InferOutput<typeof configSchema>): Config {
  const { model, train } = output;
  return {
    ...output,
    model: {
      ...model,
      promptThreshold: model.promptThreshold ?? PRESETS[model.preset].promptThreshold,
      trainable: model.trainable ?? (model.preset === "nano" ? "all" : "adapters"),
    },
    train: { ...train, microBatch: train.microBatch ?? train.batch },
  };
}

/**
 * Checks a configuration and fills in every default.
 * @throws AmaSamError that lists all problems at once: unknown keys with the nearest name, values with what was expected
 */
export function resolveConfig(input: ConfigInput | Config = {}): Config {
  const { output, problems } = check(input);
  if (output && problems.length === 0) return complete(output);
  throw new AmaSamError("resolveConfig", problems.map((p) => p.message).join("\n"));
}

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

/** A configuration as YAML, keys in the order of the schema. */
export function configToYaml(config: ConfigInput | Config): string {
  return stringify(config, { lineWidth: 0 });
}
