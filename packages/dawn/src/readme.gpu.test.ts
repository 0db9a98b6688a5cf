import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";

/** The example of the README, whose first block imports the two packages and then only uses them. */
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("runs the README's example", async () => {
  const code = README.match(/```ts\n([\s\S]*?)```/)?.[1] ?? "";
  const [imports, body] = code.split(/\n\n([\s\S]*)/);
  expect(imports.match(/from "@ama-sam\/(dawn|tensor)"/g)).toHaveLength(2);
  const names = [...imports.matchAll(/import \{ (.*?) \}/g)].flatMap((it) => it[1].split(", "));
  const all: Record<string, unknown> = { ...(await import("./index")), ...(await import("@ama-sam/tensor")) };
  for (const name of names) expect(all[name], name).toBeTypeOf("function");
  const log = vi.fn();
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  await new AsyncFunction(...names, "console", body)(...names.map((name) => all[name]), { log });
  const [first, ...adapters] = log.mock.calls;
  expect(first[2]).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(adapters.length).toBeGreaterThan(0);
  expect(adapters.every(([index], i) => index === i)).toBe(true);
});
