import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodePng, type Raster } from "@ama-sam/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @boundaries-ignore a PNG, as the decoder's own tests build it
import { buildPng } from "../../../../../packages/data/src/decode/fixtures/png-builder";
import {
  dropFile,
  engineReady,
  examples,
  nuclei,
  type OpenPage,
  quarterOf,
  type Session,
  shoot,
  start,
} from "./browser";

const IMAGE = join(examples, "dsb_purple_white/images/1d02c4b5.png");
const BRIGHT = join(examples, "dsb_fluo/images/27c30f90.png");

let session: Session;
let open: OpenPage;
let corner: { raster: Raster; png: Uint8Array };

beforeAll(async () => {
  session = await start();
  open = await session.open();
  corner = await quarterOf(IMAGE);
  await engineReady(open.page);
});
afterAll(() => session?.close());

const notice = () => open.page.locator('[data-trouble="input"]');
const note = () => open.page.locator("[data-note]").textContent();
const text = (content: string) => new TextEncoder().encode(content);

/** Drops a file and gives the notice that it brings. */
async function refusal(name: string, bytes: Uint8Array, type: string): Promise<string> {
  await dropFile(open.page, name, bytes, type);
  await notice().getByText(name).waitFor();
  return (await notice().textContent())!;
}

/** A square as GeoJSON. */
const square = (x: number, y: number, side: number) => ({
  type: "Feature",
  properties: {},
  geometry: {
    type: "Polygon",
    coordinates: [
      [
        [x, y],
        [x + side, y],
        [x + side, y + side],
        [x, y + side],
        [x, y],
      ],
    ],
  },
});

async function annotate(name: string, bytes: Uint8Array): Promise<void> {
  await open.page
    .locator('input[type="file"][accept*="geojson"]')
    .setInputFiles({ name, mimeType: "", buffer: Buffer.from(bytes) });
}

describe("files that are not what they seem", () => {
  it("are refused in words, and the next image takes the words away", async () => {
    expect(await refusal("notes.tif", text("a list of slides"), "image/tiff")).toContain("Expected PNG, JPEG or TIFF");
    expect(await refusal("empty.png", new Uint8Array(0), "image/png")).toContain("an empty file");
    const huge = buildPng({ width: 10_000, height: 10_000, depth: 8, colorType: 2, samples: [], idat: text("x") });
    expect(await refusal("huge.png", huge, "image/png")).toContain("10000 x 10000 pixels, more than this page opens");
    await dropFile(open.page, "corner.png", corner.png);
    expect(await nuclei(open.page)).toBeGreaterThan(0);
    expect(await notice().count()).toBe(0);
  });

  it("annotations of another picture are noticed", async () => {
    const { width, height } = corner.raster;
    const collection = (...features: object[]) => text(JSON.stringify({ type: "FeatureCollection", features }));
    await annotate("elsewhere.geojson", collection(square(width + 50, height + 50, 20)));
    await notice().getByText("elsewhere.geojson").waitFor();
    expect(await notice().textContent()).toContain("No outline of elsewhere.geojson lies on this image");
    await annotate("partly.geojson", collection(square(10, 10, 20), square(width + 50, 10, 20)));
    await expect.poll(note).toContain("1 of 2 outlines lie outside of this image");
    expect(await notice().count()).toBe(0);
    await annotate("whole.png", new Uint8Array(readFileSync(IMAGE.replace("images", "labels"))));
    await notice().getByText("differ in size").waitFor();
    await notice().getByRole("button", { name: "Understood" }).click();
  });

  it("weights that are none", async () => {
    const { page } = open;
    await page.getByRole("tab", { name: "Weights" }).click();
    for (const [name, bytes, words] of [
      ["page.pth", text("<html>log in</html>"), "a web page"],
      ["notes.pth", text("not weights at all, only words"), "not a checkpoint"],
      ["nothing.pth", new Uint8Array(0), "an empty file"],
    ] as const) {
      await page
        .locator('input[type="file"][accept*="pth"]')
        .setInputFiles({ name, mimeType: "", buffer: Buffer.from(bytes) });
      await notice().getByText(words).waitFor();
      expect(await page.locator("[data-weights]").count()).toBe(0);
      await notice().getByRole("button", { name: "Understood" }).click();
    }
    await page.getByRole("tab", { name: "Segment" }).click();
  });
});

describe("no nucleus at all", () => {
  it("is said, and for bright nuclei on a dark ground there is a next step that finds them", async () => {
    const { page } = open;
    await dropFile(page, "fluorescence.png", new Uint8Array(readFileSync(BRIGHT)));
    await page.locator("[data-none]").waitFor({ timeout: 120_000 });
    expect(await nuclei(page)).toBe(0);
    await shoot(page, "state-none");
    await page.getByRole("button", { name: "Recolour and look again" }).click();
    await page.locator("[data-none]").waitFor({ state: "detached", timeout: 120_000 });
    const found = Number(await page.locator("[data-count]").getAttribute("data-count"));
    await page.locator('input[type="file"][accept*="geojson"]').setInputFiles(BRIGHT.replace("images", "labels"));
    await page.locator("[data-scores]").waitFor();
    const score = /DSC ([\d.]+).*PQ ([\d.]+)/.exec((await page.locator("[data-scores]").textContent())!)!;
    console.log(`recoloured: ${found} nuclei, DSC ${score[1]}, PQ ${score[2]}`);
    expect(found).toBeGreaterThan(20); // 39 are annotated
    expect(Number(score[1])).toBeGreaterThan(75);
    await shoot(page, "recoloured");
    expect(await page.getByLabel("Recolour for the model").isChecked()).toBe(true);
    // The next image is seen as it is.
    await dropFile(page, "corner.png", corner.png);
    await page.getByText("corner.png,").waitFor();
    expect(await page.getByLabel("Recolour for the model").count()).toBe(0);
    await nuclei(page);
  });
});

describe("an image of many parts", () => {
  it("shows how far it is, stops when told, and still answers a click", async () => {
    const { page } = open;
    const [width, height] = [2000, 1500];
    const data = new Uint8Array(3 * width * height);
    const { raster } = corner;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++)
          data[3 * (y * width + x) + c] =
            raster.data[raster.channels * ((y % raster.height) * raster.width + (x % raster.width)) + c]!;
    await dropFile(page, "large.png", encodePng({ width, height, channels: 3, bitDepth: 8, data }));
    const progress = page.getByText(/Looking for nuclei: \d+ of \d+ parts/);
    await progress.waitFor({ timeout: 60_000 });
    const [, done, total] = /(\d+) of (\d+) parts/.exec((await progress.textContent())!)!.map(Number);
    expect(total).toBeGreaterThan(100);
    await expect
      .poll(async () => Number(/(\d+) of/.exec((await progress.textContent())!)![1]), { timeout: 60_000 })
      .toBeGreaterThan(done!);
    const start = performance.now();
    await page.getByRole("button", { name: "Stop" }).click();
    await expect.poll(note, { timeout: 30_000 }).toBe("Stopped.");
    console.log(`stopped after ${(performance.now() - start).toFixed(0)} ms, ${total} parts`);
    await page.getByRole("button", { name: "Ask SAM" }).click();
    const box = (await page.locator("ama-sam-viewer canvas").boundingBox())!;
    for (const [x, words] of [
      [0.5, "looked at this part first"],
      [0.505, "the image was known already"],
    ] as const) {
      await page.mouse.click(box.x + x * box.width, box.y + 0.5 * box.height);
      await expect.poll(note, { timeout: 60_000 }).toContain(words);
    }
    expect(open.problems).toEqual([]);
  });
});
