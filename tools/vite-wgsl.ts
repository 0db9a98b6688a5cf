import type { Plugin } from "vite";
import { plainWgsl } from "./plain-wgsl.ts";

/** Vitest imports a `.wgsl` file as the string that packages ship. */
export function wgsl(): Plugin {
  return {
    name: "wgsl",
    enforce: "pre",
    transform(code, id) {
      if (!id.split("?")[0].endsWith(".wgsl")) return null;
      return { code: `export default ${JSON.stringify(plainWgsl(code))};`, map: null };
    },
  };
}
