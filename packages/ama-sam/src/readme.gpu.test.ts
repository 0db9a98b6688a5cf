import { readFileSync } from "node:fs";
import * as data from "@ama-sam/data";
import { openTestDevice } from "@ama-sam/testing";
import { expect, it } from "vitest";
import * as own from "./index";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const js = code.replace(/^import .*$/gm, "");
  const lines: unknown[][] = [];
  const names = {
    ...data,
    ...own,
    openGpu: openTestDevice,
    console: { log: (...line: unknown[]) => lines.push(line) },
  };
  const run = new Function(...Object.keys(names), `return (async () => {${js}})();`);
  await run(...Object.values(names));
  expect(lines.filter(([step]) => typeof step === "number" && step > 0).length).toBeGreaterThanOrEqual(2);
  expect(String(lines.at(-1)![1])).toBe("nuclei, Dice");
});
