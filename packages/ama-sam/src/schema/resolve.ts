import * as v from "valibot";
import { AmaSamError } from "../errors";
import { PRESETS } from "../model/config";
import { type Config, type ConfigInput, configSchema } from "./config";
import { nearestName } from "./nearest";
import { keysAt } from "./nodes";

type Path = readonly (string | number)[];

/** One thing that is wrong, and where. */
export interface Problem {
  path: Path;
  /** True where the key itself is wrong, not its value. */
  atKey: boolean;
  message: string;
}

/** A value as an error message shows it. */
export function shown(value: unknown): string {
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

/** Checks a configuration without filling in more than the schema's own defaults. */
export function check(input: unknown): { output: v.InferOutput<typeof configSchema> | null; problems: Problem[] } {
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
