import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

/**
 * Packages with a README example that needs a GPU, and which of its blocks that is; the others, and the first of ama-sam, run in
 * their packages' own tests.
 */
const EXAMPLES: [string, number][] = [
  ["tensor", 0],
  ["nn", 0],
  ["cgrl", 0],
  ["spgen", 0],
  ["sam-encoder", 0],
  ["sam-decoder", 0],
  ["hr-decoder", 0],
  ["ama-sam", 1],
  ["testing", 0],
];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "test", ".readme");

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(EXAMPLES)("the example of packages/%s/README.md runs", async (name, index) => {
  const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
  const example = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)][index]?.[1];
  expect(example, "the README has that example").toBeTruthy();
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
  if (name === "spgen") expect(lines).toEqual(["1,1,32,32 1,1,32,32"]);
  if (name === "sam-encoder") expect(lines).toEqual(["1,16,4,4"]);
  if (name === "sam-decoder") expect(lines).toEqual(["1,4,16,16 1,4"]);
  if (name === "hr-decoder") expect(lines).toEqual(["1,1,64,64"]);
  if (name === "ama-sam") {
    const [first, , last] = lines.map((line) => Number(line.split(" ")[1]));
    expect(last).toBeLessThan(first);
    expect(lines[3]).toBe("2 x 1 x 32 x 32");
  }
});
