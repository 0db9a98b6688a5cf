import type { Plugin } from "vite";

/** A shader without comments, indentation and empty lines. Line breaks stay: tunables are whole lines, and errors name lines. */
export function stripWgsl(code: string): string {
  return (
    code
      .replace(/\/\*[\s\S]*?\*\//g, "")
      .split("\n")
      // `// [B, C]` behind a binding is a comment, too: WGSL has no strings that could hold two slashes.
      .map((line) => line.replace(/\/\/.*$/, "").trim())
      .filter((line) => line !== "")
      .join("\n")
  );
}

/** Imports `.wgsl` files as strings; for production without what only people read. */
export function strippedWgsl(strip: boolean): Plugin {
  return {
    name: "stripped-wgsl",
    enforce: "pre",
    transform(code, id) {
      if (!id.split("?")[0]!.endsWith(".wgsl")) return null;
      return { code: `export default ${JSON.stringify(strip ? stripWgsl(code) : code)};`, map: null };
    },
  };
}
