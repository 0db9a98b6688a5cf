import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { expect, it } from "vitest";
import { repositoryPath } from "../test-support/node-source";
import * as data from "./index";

it("the README's example runs as it stands", async () => {
  const readme = readFileSync(repositoryPath("packages/data/README.md"), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const body = example.replace(/import \{([^}]*)\} from "@ama-sam\/data";/, "const {$1} = data;");
  expect(body).not.toBe(example);
  const { code } = await transform(`export async function run(data, console) {${body}}`, {
    loader: "ts",
    format: "esm",
  });
  const { run } = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
  const lines: unknown[][] = [];
  await run(data, { log: (...values: unknown[]) => lines.push(values) });
  // Two copies of one image are a warning; then three epochs of one batch of two.
  expect(lines[0]!.slice(0, 3)).toEqual(["warning", "duplicate-image", "images/b.png"]);
  expect(lines).toHaveLength(4);
  for (const [batch] of lines.slice(1)) {
    expect((batch as unknown[][]).map(([, image, mask]) => [image, mask])).toEqual([
      [192, 64],
      [192, 64],
    ]);
  }
});
