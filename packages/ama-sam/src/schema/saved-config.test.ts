import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { AmaSamError } from "../errors";
import { type Plain, readPlainYaml } from "./plain-yaml";
import { resolveConfig } from "./resolve";
import { parseSavedConfig } from "./saved-config";
import { configToYaml } from "./write-config";
import { writePlainYaml } from "./write-plain-yaml";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(..." :-#'\"\\,[]{}&*!|>%@`?.~/0123456789eEnultrfas+_"), maxLength: 12 }),
  fc.constantFrom(
    "null",
    "True",
    "1e5",
    "-.inf",
    ".5",
    "0x1f",
    "12:30",
    "C:\\data set\\a",
    "- a",
    "a: b",
    "# a",
    "a #b",
    "..",
    "__proto__",
  ),
);
const leaf = fc.oneof(text, fc.boolean(), fc.constant(null), fc.double(), fc.integer());
const tree = fc.letrec<{ node: Plain }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(text, tie("node"), { maxKeys: 3 }),
  ),
})).node;
const section = fc.dictionary(text, tree, { maxKeys: 4 });
/** Without the difference between maps with and without a prototype. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v)));

describe("the YAML that AMA-SAM writes itself", () => {
  it("is read back by the small reader and by the YAML library alike", () => {
    fc.assert(
      fc.property(section, (value) => {
        const written = writePlainYaml(value);
        expect(plain(readPlainYaml(written))).toEqual(plain(value));
        expect(plain(parse(written, { stringKeys: true }))).toEqual(plain(value));
      }),
      { numRuns: 1000 },
    );
  });

  it("as the YAML library writes it is read as well, or refused, never misread", () => {
    let read = 0;
    fc.assert(
      fc.property(section, (value) => {
        let found: unknown;
        try {
          found = readPlainYaml(stringify(value, { lineWidth: 0 }));
        } catch {
          return;
        }
        read++;
        expect(plain(found)).toEqual(plain(value));
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(400);
  });

  it.each([
    ["an anchor", "a: &x 1\nb: *x"],
    ["a tag", "a: !!str 1"],
    ["folded text", "a: >\n  b\n  c"],
    ["a list in brackets", "a: [1, 2]"],
    ["a repeated key", "a: 1\na: 2"],
    ["a line that is no key", "a: 1\nb"],
    ["a line further in than its key lets it", "a: 1\n  b: 2"],
    ["an open text", 'a: "b'],
    ["half of JSON", '{"a": 1'],
  ])("refuses %s", (_, yaml) => {
    expect(() => readPlainYaml(yaml)).toThrow();
  });

  it("reads comments, lists as far out as their key, and JSON", () => {
    expect(readPlainYaml("# c\na: # c\n- 1 # c\n- b: 2\n  c: 3\nd: 'x # y'\n")).toEqual({
      a: [1, { b: 2, c: 3 }],
      d: "x # y",
    });
    expect(readPlainYaml(' {"a": [1, 2]}')).toEqual({ a: [1, 2] });
    expect(readPlainYaml("\n# nothing\n")).toBe(null);
  });
});

describe("parseSavedConfig", () => {
  const config = resolveConfig({ model: { preset: "nano" }, data: { primary: { path: "C:\\my data: 1" } } });

  it("gives a configuration back as it was written", () => {
    expect(resolveConfig(parseSavedConfig(configToYaml(config)))).toEqual(config);
    expect(resolveConfig(parseSavedConfig(JSON.stringify(config)))).toEqual(config);
    expect(resolveConfig(parseSavedConfig(stringify(config, { lineWidth: 0 })))).toEqual(config);
  });

  it("names what is wrong", () => {
    for (const [yaml, words] of [
      ["train:\n  epoch: 3\n", /run\.yaml: train\.epoch is not a key.*train\.epochs/],
      ["train: &a\n", /run\.yaml is not as AMA-SAM writes it: line 1 .*parseConfigYaml/],
      ["- 1\n", /Got a list/],
    ] as const) {
      const refused = (() => {
        try {
          parseSavedConfig(yaml, "run.yaml");
        } catch (error) {
          return error;
        }
      })();
      expect(AmaSamError.isInstance(refused)).toBe(true);
      expect((refused as Error).message).toMatch(words);
    }
  });
});
