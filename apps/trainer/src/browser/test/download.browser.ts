import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "@ama-sam/checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineReady, examples, type Session, start } from "./browser";

/** Weights of an unknown model: all that the store needs to hash and keep them. */
const weights = writeSafetensors({
  "image_encoder.pos_embed": { shape: [1, 512, 512, 4], data: new Float32Array(2 ** 20).map((_, i) => i % 977) },
});
const asked: (string | undefined)[] = [];
let session: Session;

beforeAll(async () => {
  session = await start({
    // The first answer breaks off in the middle, as networks do; the second gives what the range asks for.
    first: (request, response) => {
      if (request.url !== "/weights.safetensors") return false;
      asked.push(request.headers.range);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const headers = { etag: '"1"', "content-length": weights.length - from, "accept-ranges": "bytes" };
      response.writeHead(from > 0 ? 206 : 200, headers);
      if (from > 0) response.end(weights.subarray(from));
      else response.write(weights.subarray(0, weights.length >> 1), () => setTimeout(() => response.destroy(), 500));
      return true;
    },
  });
});
afterAll(() => session?.close());

describe("weights from an address", () => {
  it("go on where a download broke off, and are refused when they are none", async () => {
    const { page } = await session.open();
    await engineReady(page);
    await page.getByRole("tab", { name: "Weights" }).click();
    const download = async (url: string) => {
      await page.getByLabel("Address of weights").fill(url);
      await page.getByRole("button", { name: "Download" }).click();
    };
    await download(`${session.url}weights.safetensors`);
    await page.locator('[data-trouble="download"]').waitFor();
    expect(await page.locator("[data-weights]").count()).toBe(0);
    await download(`${session.url}weights.safetensors`);
    await page.locator("[data-weights]").waitFor();
    expect(await page.locator('[data-trouble="download"]').count()).toBe(0);
    expect(asked.length).toBe(2);
    expect(asked[0]).toBeUndefined();
    const from = Number(/bytes=(\d+)-/.exec(asked[1]!)![1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(weights.length >> 1);
    const { Sha256 } = await import("@ama-sam/checkpoint");
    expect(await page.locator("[data-weights]").getAttribute("data-weights")).toBe(new Sha256().update(weights).hex());

    await page.locator('input[type="file"][accept*="pth"]').setInputFiles({
      name: "picture.pth",
      mimeType: "",
      buffer: readFileSync(join(examples, "dsb_fluo/images/4d40de30.png")),
    });
    await page.locator('[data-trouble="input"]').waitFor();
    expect(await page.locator("[data-weights]").count()).toBe(1);
  });
});
