import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { minifyWgsl } from "./minify-wgsl";

const packages = fileURLToPath(new URL("../../../../../packages", import.meta.url));
const shaders = readdirSync(packages, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".wgsl") && /^[\w-]+.src./.test(path))
  .map((path) => [path, readFileSync(join(packages, path), "utf8")] as const);

/** Names, numbers and signs without comments and blanks, read by another rule than the minifier's: one character at a time. */
function tokensOf(code: string): string[] {
  const plain = code.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/\/\/.*/g, " ");
  return plain.match(/[A-Za-z_]\w*|[\d.][\w.]*(?:(?<=[\d.][eE])[+-]\d+)?|\S/g) ?? [];
}

describe("minified shaders", () => {
  it("are all that the packages have", () => expect(shaders.length).toBeGreaterThan(80));

  it.each(shaders)("%s: the same tokens, but for names within functions", (_, code) => {
    const small = minifyWgsl(code);
    expect(small.length).toBeLessThanOrEqual(code.length);
    const [before, after] = [tokensOf(code), tokensOf(small)];
    expect(after.length).toBe(before.length);
    let depth = 0;
    let forward = new Map<string, string>();
    let back = new Map<string, string>();
    before.forEach((token, i) => {
      const next = after[i]!;
      if (token === "fn") [forward, back] = [new Map(), new Map()];
      const isLocal = token !== next;
      if (isLocal) {
        expect(next).toMatch(/^[A-Za-z]\d?$/);
        expect(before[i - 1]).not.toBe(".");
      }
      // One name for one name, both ways, in each function: what was different stays different, what was the same the same.
      if (/^[A-Za-z_]/.test(token) && before[i - 1] !== "." && before[i - 2] !== "builtin" && depth > 0) {
        expect(forward.get(token) ?? next).toBe(next);
        expect(back.get(next) ?? token).toBe(token);
        forward.set(token, next);
        back.set(next, token);
      }
      if ("{(".includes(token)) depth++;
      if ("})".includes(token)) depth--;
      if (depth === 0) expect(isLocal, token).toBe(false);
    });
    // What is rewritten at run time stands at the start of its line.
    for (const line of code.match(/^(?:const|alias|enable) .*?;/gm) ?? []) {
      const name = /^\w+ (\w+)/.exec(line)![1]!;
      expect(small).toMatch(new RegExp(`^${line.split(" ")[0]} ${name}\\b`, "m"));
    }
  });

  it("keeps what an op replaces, operators apart, and names that are called", () => {
    const code = `// c
const WG: u32 = 64u; // d
@group(0) @binding(0) var<storage, read_write> total: array<f32>;
fn f(x: f32) -> f32 { return x; }
fn lane(value: f32, count: f32) -> f32 {
  let min = min(value, 1.0); /* e */
  var<function> other = value - -count;
  return f(min) + total[0].value * other;
}
`;
    expect(minifyWgsl(code)).toBe(
      [
        "const WG:u32=64u;",
        "@group(0)@binding(0)var<storage,read_write>total:array<f32>;",
        "fn f(x: f32) -> f32 { return x; }",
        "fn lane(a:f32,b:f32)->f32{let min=min(a,1.0);var<function>c=a- -b;return f(min)+total[0].value*c;}",
      ].join("\n"),
    );
  });
});
