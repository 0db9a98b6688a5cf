import { fileURLToPath } from "node:url";
import { openDataset } from "@ama-sam/data";
import { type ConfigInput, resolveConfig, selectImages } from "ama-sam";
import { describe, expect, it } from "vitest";
import { directorySource } from "../files/directory-source";
import { openRunData } from "./open-data";

const path = fileURLToPath(new URL("../../../../../examples/data/dsb_fluo", import.meta.url));
const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

describe("held-out images", () => {
  it("are the ones that selectImages takes, as the page does, whatever the training seed", async () => {
    for (const seed of [0, 7]) {
      const input: ConfigInput = { train: { seed }, data: { primary: { path }, validation: { fraction: 0.3 } } };
      const config = resolveConfig(input);
      const command = await openRunData(config);
      const page = selectImages(config, { primary: await openDataset(await directorySource(path)), auxiliary: [] });
      expect(ids(command.primary.items)).toEqual(ids(page.primary.items));
      expect(ids(command.validation)).toEqual(ids(page.validation));
      expect(ids(command.validation)).toEqual(["27c30f90", "358e47ea", "ce9e1a58"]);
      expect(ids(command.test)).toEqual(ids(page.test));
    }
  });
});
