import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Packages whose README starts with an example that needs a GPU; the others run theirs in their own tests. */
const PACKAGES = ["tensor", "nn", "cgrl", "spgen", "sam-encoder", "sam-decoder", "hr-decoder", "ama-sam", "testing"];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "test", ".readme");

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(PACKAGES)("the example of packages/%s/README.md runs", async (name) => {
  const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(example, "the README starts with an example").toBeTruthy();
  const lines: string[] = [];
  const log = console.log;
  console.log = (...values: unknown[]) => lines.push(values.map(String).join(" "));
  try {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, `${example}\nexport {};\n`);
    await import(file);
  } finally {
    console.log = log;
  }
  expect(lines.length, "the example prints something").toBeGreaterThan(0);
  if (name === "tensor") expect(lines[0].split(" ").map((v) => Math.round(Number(v) * 10) / 10)).toEqual([2, 1]);
  if (name === "nn") expect(Number(lines[0])).toBeLessThan(0.01);
  if (name === "testing") expect(lines).toEqual(["true"]);
  if (name === "cgrl") expect(lines).toEqual(["true", "true"]);
});
