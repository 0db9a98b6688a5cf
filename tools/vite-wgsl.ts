import type { Plugin } from "vite";

/** Vite and vitest import a `.wgsl` file as the string that it holds. */
export function wgsl(): Plugin {
  return {
    name: "wgsl",
    enforce: "pre",
    transform(code, id) {
      if (!id.split("?")[0].endsWith(".wgsl")) return null;
      return { code: `export default ${JSON.stringify(code)};`, map: null };
    },
  };
}
