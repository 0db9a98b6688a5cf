import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CASES } from "./cases";

// A new op without a case in the self-test fails here.
test("the self-test has a case for every function of the tensor core", async () => {
  const index = new URL("../../../../../packages/tensor/src/ops/index.ts", import.meta.url);
  const lines = (await readFile(index, "utf8")).matchAll(/^export \{([^}]*)\} from/gm);
  const functions = [...lines].flatMap(([, names]) =>
    names!
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !name.startsWith("type ")),
  );
  expect(functions.length).toBeGreaterThan(45);
  expect([...new Set(CASES.map(({ op }) => op))].sort()).toEqual(functions.sort());
});
