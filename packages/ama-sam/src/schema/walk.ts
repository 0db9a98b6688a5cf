import type * as v from "valibot";

/** What the walk needs of a valibot schema; wrappers and pipes keep these fields. */
interface Node {
  type: string;
  wrapped?: Node;
  entries?: Record<string, Node>;
  item?: Node;
  items?: Node[];
  options?: readonly (Node | string | number)[];
  literal?: unknown;
  default?: unknown;
  pipe?: readonly Action[];
}

/** One step of a pipe: a check, a description, or a schema with a pipe of its own. */
interface Action {
  type: string;
  description?: string;
  requirement?: unknown;
  pipe?: readonly Action[];
}

const asNode = (schema: v.GenericSchema): Node => schema as unknown as Node;

/** The schema inside `optional` and `nullable`. */
function bare(node: Node): Node {
  return node.wrapped && node.type !== "nullable" ? bare(node.wrapped) : node;
}

/** Objects that a value may be: itself, or the object branches of a union or nullable. */
function objects(node: Node): Node[] {
  const inner = bare(node);
  if (inner.entries) return [inner];
  if (inner.type === "nullable" && inner.wrapped) return objects(inner.wrapped);
  if (inner.type !== "union") return [];
  return (inner.options ?? []).flatMap((option) => (typeof option === "object" ? objects(option) : []));
}

/** Names that are allowed at a path of the schema; empty where it is no object. */
export function keysAt(schema: v.GenericSchema, path: readonly (string | number)[]): string[] {
  let at: Node[] = objects(asNode(schema));
  for (const part of path) {
    if (typeof part === "number") continue; // an array's elements are what its own name led to
    at = at.flatMap((node) => {
      const child = node.entries?.[part];
      if (!child) return [];
      const inner = bare(child);
      return inner.type === "array" && inner.item ? objects(inner.item) : objects(child);
    });
  }
  return [...new Set(at.flatMap((node) => Object.keys(node.entries ?? {})))];
}

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
