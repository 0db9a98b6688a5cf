import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { expect, it } from "vitest";
import * as instances from "./index";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("the README's example prints what its comments say", async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const imports = /import \{(.*)\} from "@ama-sam\/instances";/.exec(code)!;
  const printed: string[] = [];
  const show = (v: unknown) => (typeof v === "string" ? v : inspect(v));
  const log = { log: (...values: unknown[]) => printed.push(values.map(show).join(" ")) };
  const body = `const {${imports[1]}} = instances;${code.replace(imports[0], "")}`;
  const AsyncFunction = (async () => undefined).constructor as FunctionConstructor;
  await new AsyncFunction("instances", "console", body)(instances, log);
  expect(printed).toEqual([...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].flatMap((m) => m[1]!.split(" | ")));
});

it("the README names every function", () => {
  for (const [name, value] of Object.entries(instances))
    if (typeof value === "function") expect(readme).toContain(name);
});
