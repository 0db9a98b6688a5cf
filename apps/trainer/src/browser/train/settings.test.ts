import { configReference, resolveConfig } from "ama-sam";
import { expect, it } from "vitest";
import { defaults, KEYS, toConfig } from "./settings";

it("makes a configuration that the command's schema accepts", () => {
  for (const preset of ["nano", "vit-b", "vit-l", "vit-h"] as const) {
    const config = resolveConfig(toConfig({ ...defaults, preset }, ["mine", "other"]));
    expect(config.model.preset).toBe(preset);
    expect(config.data.primary?.name).toBe("mine");
    expect(config.data.auxiliary.map(({ name }) => name)).toEqual(["other"]);
    expect(config.train.steps).toBe(240);
  }
});

it("names keys that the schema has", () => {
  const known = new Set(configReference().map(({ key }) => key));
  for (const key of Object.values(KEYS)) expect(known).toContain(key);
});
