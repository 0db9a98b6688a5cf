import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { expect, it } from "vitest";
import * as metrics from "./index";

it("the README's example prints what its comments say", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const imports = /import \{(.*)\} from "@ama-sam\/metrics";/.exec(code)!;
  const printed: string[] = [];
  const show = (v: unknown) => (typeof v === "string" ? v : inspect(v));
  const log = { log: (...values: unknown[]) => printed.push(values.map(show).join(" ")) };
  new Function("metrics", "console", `const {${imports[1]}} = metrics;${code.replace(imports[0], "")}`)(metrics, log);
  const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((m) => m[1]!);
  expect(expected.length).toBe(3);
  expect(printed).toEqual(expected);
});

it("the README names every function", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  for (const [name, value] of Object.entries(metrics)) if (typeof value === "function") expect(readme).toContain(name);
});
