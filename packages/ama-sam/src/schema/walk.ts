import type * as v from "valibot";
import { type Action, asNode, bare, type Node, objects } from "./nodes";

/** The actions of a pipe and of the pipes in it. */
function actions(node: Node): Action[] {
  return (node.pipe ?? []).flatMap((part) => (part.pipe && part !== node ? actions(part as Node) : [part]));
}

/** A schema's type in words. */
function typeOf(node: Node): string {
  const inner = bare(node);
  const all = actions(inner);
  const bounds = all.flatMap(({ type, requirement }) =>
    type === "min_value"
      ? [`>= ${requirement}`]
      : type === "gt_value"
        ? [`> ${requirement}`]
        : type === "max_value"
          ? [`<= ${requirement}`]
          : type === "lt_value"
            ? [`< ${requirement}`]
            : [],
  );
  switch (inner.type) {
    case "picklist":
      return (inner.options ?? []).join(" | ");
    case "literal":
      return String(inner.literal);
    case "union":
      return (inner.options ?? [])
        .map((option) => (typeof option === "object" ? typeOf(option) : String(option)))
        .join(" | ");
    case "array":
      return `list of ${inner.item ? typeOf(inner.item) : "values"}`;
    case "tuple":
      return `[${(inner.items ?? []).map(typeOf).join(", ")}]`;
    case "nullable":
      return `${inner.wrapped ? typeOf(inner.wrapped) : "value"} | null`;
    case "strict_object":
      return `{ ${Object.keys(inner.entries ?? {}).join(", ")} }`;
    case "number": {
      const whole = all.some(({ type }) => type === "safe_integer");
      return [whole ? "whole number" : "number", ...new Set(bounds)].join(" ");
    }
    case "string":
      return "text";
    default:
      return inner.type;
  }
}

function describe(node: Node): string {
  const own = actions(node).findLast(({ type }) => type === "description")?.description;
  return own ?? (node.wrapped ? describe(node.wrapped) : "");
}

/** One documented key. */
export interface ConfigKey {
  /** Dotted path; `[]` stands for each element of a list. */
  key: string;
  type: string;
  /** As YAML; empty where there is none. */
  default: string;
  text: string;
}

/** Every leaf key below a schema, in order. */
export function walkKeys(schema: v.GenericSchema, path = ""): ConfigKey[] {
  return walk(asNode(schema), path);
}

function walk(node: Node, path: string): ConfigKey[] {
  const inner = bare(node);
  if (inner.entries) {
    return Object.entries(inner.entries).flatMap(([name, child]) => walk(child, path ? `${path}.${name}` : name));
  }
  const row: ConfigKey = {
    key: path,
    type: typeOf(node),
    default: node.default === undefined ? "" : show(node.default),
    text: describe(node),
  };
  if (inner.type === "array" && inner.item && objects(inner.item).length > 0)
    return [row, ...walk(inner.item, `${path}[]`)];
  if (inner.type === "union" || inner.type === "nullable")
    return [row, ...objects(inner).flatMap((object) => walk(object, path))];
  return [row];
}

const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
