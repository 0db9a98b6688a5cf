import type * as v from "valibot";

/** What the walk needs of a valibot schema; wrappers and pipes keep these fields. */
export interface Node {
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
export interface Action {
  type: string;
  description?: string;
  requirement?: unknown;
  pipe?: readonly Action[];
}

export const asNode = (schema: v.GenericSchema): Node => schema as unknown as Node;

/** The schema inside `optional` and `nullable`. */
export function bare(node: Node): Node {
  return node.wrapped && node.type !== "nullable" ? bare(node.wrapped) : node;
}

/** Objects that a value may be: itself, or the object branches of a union or nullable. */
export function objects(node: Node): Node[] {
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
