import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as checkpoint from "./index";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("the README's example prints what its comments say", async () => {
  const code = (/```ts\n([\s\S]*?)```/.exec(readme) as RegExpExecArray)[1] as string;
  const imports = /import (\{.*?\}) from "@ama-sam\/checkpoint";/s.exec(code) as RegExpExecArray;
  const printed: string[] = [];
  const log = { log: (...values: unknown[]) => printed.push(values.join(" ")) };
  const body = code.replace(imports[0], `const ${imports[1]} = library;`);
  await new Function("library", "console", `return (async () => {${body}})();`)(checkpoint, log);
  const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((m) => m[1]);
  expect(expected.length).toBe(4);
  expect(printed).toEqual(expected);
});

it("the README names every export", () => {
  for (const name of Object.keys(checkpoint)) expect(readme).toContain(name);
});
