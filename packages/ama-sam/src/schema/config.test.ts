import { describe, expect, it } from "vitest";
import { AmaSamError } from "../errors";
import { PRESETS } from "../model/config";
import { augmentation } from "./augmentation";
import type { ConfigInput } from "./config";
import { applySet, parseConfigYaml } from "./parse";
import { configReference } from "./reference";
import { resolveConfig } from "./resolve";
import { modelConfig, tileSide } from "./settings";
import { configToYaml } from "./write-config";

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(AmaSamError.isInstance(error)).toBe(true);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

describe("resolveConfig", () => {
  it("gives the paper's recipe without any key", () => {
    const config = resolveConfig();
    expect(config.train).toMatchObject({
      epochs: 30,
      lr: "paper",
      decay: 0.98,
      schedule: "exponential",
      betas: [0.9, 0.999],
      eps: 1e-8,
      clipNorm: 0,
      alpha: 1,
      beta: 1,
      batch: 4,
      microBatch: 4,
    });
    expect(config.model).toMatchObject({
      preset: "vit-b",
      decoder: "hr",
      align: "cgrl",
      lambda: 1,
      promptThreshold: 0.95,
      trainable: "adapters",
    });
    expect(resolveConfig({ model: { preset: "nano" } }).model).toMatchObject({
      trainable: "all",
      promptThreshold: 0.5,
    });
  });

  it("is a fixed point", () => {
    const once = resolveConfig({
      model: { lambda: { ramp: 0.5 }, overrides: { adapter: null } },
      data: { augment: "none" },
      train: { batch: 6, microBatch: 2 },
    });
    expect(resolveConfig(once)).toEqual(once);
    expect(once.train.microBatch).toBe(2);
  });

  it.each<[string, unknown, RegExp]>([
    ["an unknown key", { train: { epoch: 3 } }, /train\.epoch is not a key\. Did you mean train\.epochs\?/],
    ["an unknown section", { training: {} }, /training is not a key\. Did you mean train\?/],
    ["a key far from all", { train: { zzzzzzz: 3 } }, /Known here: epochs, steps/],
    [
      "a key in a list",
      { data: { auxiliary: [{ path: "a", formt: "folder" }] } },
      /data\.auxiliary\.0\.formt is not a key\. Did you mean data\.auxiliary\.0\.format\?/,
    ],
    [
      "a key in a union",
      { model: { lambda: { rampp: 1 } } },
      /model\.lambda\.rampp is not a key\. Did you mean model\.lambda\.ramp\?/,
    ],
    ["a missing path", { data: { primary: {} } }, /data\.primary\.path is missing/],
    ["text for a number", { train: { lr: "fast" } }, /train\.lr is wrong\. Got "fast"/],
    ["NaN", { train: { clipNorm: Number.NaN } }, /train\.clipNorm is wrong\. Got NaN/],
    ["a fraction of a step", { train: { steps: 1.5 } }, /train\.steps is wrong/],
    ["an unknown choice", { model: { preset: "vit-x" } }, /model\.preset is wrong\. Got "vit-x"\. Expected .*nano/],
    ["a micro-batch above the batch", { train: { batch: 2, microBatch: 4 } }, /train\.microBatch is larger/],
    ["patches that do not divide", { model: { overrides: { encoder: { patchSize: 30 } } } }, /patches of 30/],
    ["heads that do not divide", { model: { overrides: { encoder: { heads: 5 } } } }, /5 heads/],
    ["a scale backwards", { data: { augment: { scale: [2, 1] } } }, /no range/],
    ["a list", [1], /wrong/],
    ["text", "train", /wrong/],
  ])("refuses %s", (_, input, expected) => {
    expect(message(() => resolveConfig(input as ConfigInput))).toMatch(expected);
  });

  it("lists all problems at once", () => {
    expect(
      message(() => resolveConfig({ train: { epoch: 1, lr: -1 }, modle: {} } as ConfigInput)).split("\n"),
    ).toHaveLength(3);
  });
});

describe("parseConfigYaml", () => {
  it("says line and column of the key or value", () => {
    const yaml = "model:\n  preset: nano\ntrain:\n  epochs: 3\n  batchsize: 4\n  lr: quick\n";
    const text = message(() => parseConfigYaml(yaml, "run.yaml"));
    expect(text).toMatch(/run\.yaml:5:3 train\.batchsize is not a key/);
    expect(text).toMatch(/run\.yaml:6:7 train\.lr is wrong\. Got "quick"/);
  });

  it("points into lists and at missing keys", () => {
    const text = message(() => parseConfigYaml("data:\n  auxiliary:\n    - path: a\n    - name: b\n"));
    expect(text).toMatch(/config:4:7 data\.auxiliary\.1\.path is missing/);
  });

  it.each([
    ["a duplicate key", "train: {epochs: 1}\ntrain: {epochs: 2}", /config:2:1 .*unique/],
    ["bad YAML", "train: [1", /config:\d+:\d+/],
    [
      "an alias bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]`,
      /alias/i,
    ],
    ["a scalar", "hello", /wrong/],
    ["a huge file", `# ${"x".repeat(1_000_001)}`, /too large/],
  ])("refuses %s", (_, yaml, expected) => {
    expect(message(() => parseConfigYaml(yaml))).toMatch(expected);
  });

  it("reads an empty file, JSON, and what configToYaml writes", () => {
    expect(parseConfigYaml("")).toEqual({});
    expect(parseConfigYaml('{"train": {"epochs": 2}}')).toEqual({ train: { epochs: 2 } });
    const config = resolveConfig({
      data: { primary: { path: "a b: c" }, sampler: { ratio: [1, 2] } },
      train: { eps: 1e-8 },
    });
    expect(resolveConfig(parseConfigYaml(configToYaml(config)))).toEqual(config);
  });
});

describe("applySet", () => {
  it("sets numbers, text, lists and elements without touching its input", () => {
    const before: ConfigInput = { data: { auxiliary: [{ path: "a" }] } };
    expect(applySet(before, "train.lr=1e-3").train?.lr).toBe(1e-3);
    expect(applySet(before, " train.lr = paper ").train?.lr).toBe("paper");
    expect(applySet(before, "train.betas=[0.5, 0.9]").train?.betas).toEqual([0.5, 0.9]);
    expect(applySet(before, "data.auxiliary.0.path=b").data?.auxiliary?.[0]?.path).toBe("b");
    expect(applySet(before, "model.overrides.encoder.depth=2").model?.overrides?.encoder?.depth).toBe(2);
    expect(applySet(before, "data.primary.path=x=y").data?.primary?.path).toBe("x=y");
    expect(before).toEqual({ data: { auxiliary: [{ path: "a" }] } });
  });

  it.each([
    ["train.lrr=1", /train\.lrr is not a key\. Did you mean train\.lr\?/],
    ["train.lr", /not an assignment/],
    ["=3", /not an assignment/],
    ["train..lr=3", /not an assignment/],
    ["train.lr=[1", /not YAML/],
    ["train.lr=-1", /train\.lr is wrong/],
    ["__proto__.x=1", /not an assignment/],
  ])("refuses %s", (assignment, expected) => {
    expect(message(() => applySet({}, assignment))).toMatch(expected);
  });
});

describe("configReference", () => {
  const keys = configReference();

  it("documents every key of a resolved configuration", () => {
    const names = new Set(keys.map((k) => k.key));
    const walk = (value: unknown, path: string): void => {
      if (value !== null && typeof value === "object" && !Array.isArray(value))
        for (const [k, child] of Object.entries(value)) walk(child, path ? `${path}.${k}` : k);
      else if (path !== "model.overrides") expect(names).toContain(path);
    };
    const { overrides, ...model } = resolveConfig().model;
    walk({ ...resolveConfig(), model }, "");
    expect(names).toContain("data.auxiliary[].path");
    expect(names).toContain("model.lambda.ramp");
    expect(names).toContain("model.overrides.encoder.depth");
    for (const k of keys) expect(k.text, k.key).toMatch(/^[A-Z`].*[.]$/s);
  });

  it("tells type and default", () => {
    const find = (name: string) => keys.find((k) => k.key === name);
    expect(find("train.decay")).toMatchObject({ type: "number > 0 <= 1", default: "0.98" });
    expect(find("train.lr")).toMatchObject({ type: "paper | number > 0", default: "paper" });
    expect(find("model.decoder")).toMatchObject({ type: "hr | sam", default: "hr" });
    expect(find("train.betas")?.default).toBe("[0.9,0.999]");
  });
});

describe("settings", () => {
  it("makes the preset, with a decoder that follows the encoder", () => {
    expect(modelConfig(resolveConfig())).toEqual(PRESETS["vit-b"]);
    expect(modelConfig(resolveConfig({ model: { preset: "nano" } }))).toEqual(PRESETS.nano);
    const small = modelConfig(
      resolveConfig({
        model: {
          preset: "nano",
          overrides: { encoder: { imageSize: 64, outChannels: 32 } },
          lambda: { ramp: 0.5 },
          align: "grl",
        },
      }),
    );
    expect(small.samDecoder).toMatchObject({ imageSize: 64, grid: 8, channels: 32 });
    expect(small).toMatchObject({ lambda: 0.5, align: "grl" });
  });

  it("translates augmentation and tiles", () => {
    expect(augmentation(resolveConfig({ data: { augment: "none" } })).flip).toBe(false);
    expect(augmentation(resolveConfig({ data: { augment: { hue: 0.3 } } })).color.hue).toBe(0.3);
    expect(tileSide(resolveConfig(), 1024)).toBe(0);
    expect(tileSide(resolveConfig({ data: { augment: { fit: "crop" } } }), 128)).toBe(128);
    expect(tileSide(resolveConfig({ eval: { tile: 500 } }), 128)).toBe(500);
  });
});
