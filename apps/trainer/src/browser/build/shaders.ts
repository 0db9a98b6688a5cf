import type { Plugin } from "vite";
import { minifyWgsl } from "./minify-wgsl";

/** Imports `.wgsl` files as strings; for production in fewer characters. */
export function shaders(production: boolean): Plugin {
  return {
    name: "shaders",
    enforce: "pre",
    transform(code, id) {
      if (!id.split("?")[0]!.endsWith(".wgsl")) return null;
      return { code: `export default ${JSON.stringify(production ? minifyWgsl(code) : code)};`, map: null };
    },
  };
}
