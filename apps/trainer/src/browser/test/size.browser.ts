import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropFile, engineReady, examples, nuclei, type Session, start } from "./browser";
import { scriptSizes } from "./build-page";

const built = fileURLToPath(new URL("../../../dist/page/", import.meta.url));
const IMAGE = join(examples, "dsb_purple_white/images/1d02c4b5.png");

/** Scripts that the server was asked for. */
const asked = new Set<string>();
let session: Session;

beforeAll(async () => {
  session = await start({
    first: ({ url = "" }) => {
      if (url.endsWith(".js")) asked.add(url);
      return false;
    },
  });
});
afterAll(() => session?.close());

describe("JavaScript", () => {
  it("of at most 400 kB is fetched from opening the page to the outlines of a dropped PNG", async () => {
    // Without the service worker, which fetches every part for later once the page is ready.
    const { page, context } = await session.open({
      context: await session.browser.newContext({ serviceWorkers: "block" }),
    });
    await engineReady(page);
    await dropFile(page, "1d02c4b5.png", new Uint8Array(readFileSync(IMAGE)));
    expect(await nuclei(page)).toBeGreaterThan(0);
    const sizes = [...asked].map((url) => [url, statSync(join(built, url)).size] as const);
    const sum = sizes.reduce((total, [, bytes]) => total + bytes, 0);
    console.log(
      `page: ${sum} bytes of scripts until the first outlines: ${sizes.map(([u, n]) => `${u} ${n}`).join(", ")}`,
    );
    expect(sizes.length).toBeGreaterThan(2); // the page, its engine, a decoder
    expect(sum).toBeLessThan(400_000); // what was promised
    expect(sum).toBeLessThan(391_000); // what was reached, and a little room
    await context.close();
  });

  it("is no more in all than it was", () => {
    const { raw, gzip } = scriptSizes();
    expect(gzip).toBeLessThan(255_000);
    expect(raw).toBeLessThan(714_000);
  });
});
