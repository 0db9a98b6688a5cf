import { expect, it } from "vitest";
import { parseConfigYaml } from "./parse";
import { portableConfig, portablePath } from "./portable-config";
import { resolveConfig } from "./resolve";
import { configToYaml } from "./write-config";

it.each([
  ["/home/ada/data/MoNuSeg", "MoNuSeg"],
  ["/home/ada/data/MoNuSeg/", "MoNuSeg"],
  ["C:\\Users\\ada\\TNBC", "TNBC"],
  ["\\\\server\\share\\TNBC", "TNBC"],
  ["~/cryo", "cryo"],
  ["../../cryo/splits.json", "splits.json"],
  ["data/../../cryo", "cryo"],
  ["examples/data/dsb_fluo", "examples/data/dsb_fluo"],
  ["monuseg-30", "monuseg-30"],
  ["/", "/"],
])("%s travels as %s", (path, expected) => {
  expect(portablePath(path)).toBe(expected);
});

it("names every file of a configuration, and tells no folder", () => {
  const secret = "/home/ada/secret";
  const config = resolveConfig({
    model: { preset: "nano", init: { checkpoint: `${secret}/sam.pth`, seed: 3 } },
    data: {
      primary: { path: `${secret}/MoNuSeg`, split: `${secret}/mine.json`, limit: 4 },
      auxiliary: [{ path: `${secret}/tnbc/manifest.json`, name: "TNBC" }],
      sampler: { order: `${secret}/order.json` },
    },
    output: { dir: `${secret}/runs` },
  });
  const portable = portableConfig(config);
  const text = configToYaml(portable);
  expect(text).not.toContain("secret");
  expect(resolveConfig(parseConfigYaml(text))).toEqual(portable);
  expect(portable.data.primary).toMatchObject({ path: "MoNuSeg", split: "mine.json", limit: 4 });
  expect(portable.model.init).toEqual({ checkpoint: "sam.pth", seed: 3 });
  expect(portable.train).toEqual(config.train);
});
