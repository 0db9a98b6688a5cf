import { readFileSync } from "node:fs";
import { openCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { savedModelInfo } from "ama-sam";
import { describe, expect, it } from "vitest";
import { settingsOf } from "./settings-of";

const models = new URL("../../../models/", import.meta.url);

describe("the model that comes with the page", () => {
  it("has its settings written out beside it, so that the page opens it without the schema", async () => {
    const bytes = new Uint8Array(readFileSync(new URL("nano.safetensors", models)));
    const checkpoint = await openCheckpoint(bytes);
    const config = settingsOf(checkpoint, savedModelInfo(checkpoint));
    const text = `${JSON.stringify({ sha256: await sha256(bytes), config }, null, 2)}\n`;
    // After another model or schema: npx vitest run -u --project unit apps/trainer/src/browser/engine/settings-of
    await expect(text).toMatchFileSnapshot("../../../models/nano.settings.json");
  });
});
