import type { Plugin } from "vite";

/** Debug flags as they are where nothing sets them: a page has no environment, and this one calls no `setFlags`. */
const FLAGS: Record<string, string> = {
  debug: "0",
  filter: '""',
  nan: "false",
  validate: "false",
  mem: "false",
  trace: '""',
};

/** Leaves out of a production build what nothing in the page can reach, and no bundler can see to be unreachable. */
export function withoutUnused(production: boolean): Plugin {
  return {
    name: "without-unused",
    enforce: "pre",
    transform(code, id) {
      if (!production) return null;
      const path = id.split("?")[0]!;
      // float64 loops behind each op: they run when TENSOR_VALIDATE is set, which a page in production has no way to do
      if (path.endsWith(".ref.ts")) {
        const names = [...code.matchAll(/^export (?:function|const) (\w+)/gm)].map(([, name]) => name!);
        return { code: names.map((name) => `export const ${name} = undefined;`).join("\n"), map: null };
      }
      if (/from "(?:\.\.\/debug|\.)\/flags"/.test(code) && path.includes("/tensor/src/"))
        return { code: code.replace(/\bflags\.(\w+)/g, (whole, name: string) => FLAGS[name] ?? whole), map: null };
      // jpeg-js is one object of its decoder and its encoder
      if (/\/jpeg-js\/index\.js$/.test(path))
        return { code: code.replace(/require\('\.\/lib\/encoder'\)/, "undefined"), map: null };
      return null;
    },
  };
}
