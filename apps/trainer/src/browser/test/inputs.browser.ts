import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Raster } from "@ama-sam/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @boundaries-ignore a TIFF, as the decoder's own tests build it
import { buildTiff } from "../../../../../packages/data/src/decode/fixtures/tiff-builder";
import {
  dropFile,
  engineReady,
  examples,
  nuclei,
  type OpenPage,
  quarterOf,
  type Session,
  savedFile,
  start,
} from "./browser";
import { differentPixels, labelsByCommand, labelsOf } from "./command";

type Page = OpenPage["page"];

const IMAGE = join(examples, "dsb_purple_white/images/1d02c4b5.png");
const folder = mkdtempSync(join(tmpdir(), "ama-sam-page-"));

let session: Session;
let open: OpenPage;
let raster: Raster;

beforeAll(async () => {
  session = await start();
  open = await session.open();
  ({ raster } = await quarterOf(IMAGE));
  await engineReady(open.page);
});
afterAll(() => session?.close());

const note = (page: Page) => page.locator("[data-note]").textContent();
const count = async (page: Page) => Number(await page.locator("[data-count]").getAttribute("data-count"));

/** Drops a file and compares its nuclei with the command's. */
async function sameAsCommand(name: string, bytes: Uint8Array, type: string): Promise<void> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  await dropFile(open.page, name, bytes, type);
  await open.page.getByText(`${name}, ${raster.width} x ${raster.height}`).waitFor();
  expect(await nuclei(open.page)).toBeGreaterThan(5);
  const found = await labelsOf((await savedFile(open.page, "png")).bytes);
  expect(differentPixels(found, await labelsByCommand(path))).toBe(0);
}

/** Presses, moves along points given as parts of the canvas, and lets go. */
async function drag(page: Page, parts: readonly (readonly [number, number])[]): Promise<void> {
  const box = (await page.locator("ama-sam-viewer canvas").boundingBox())!;
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(parts[0]!));
  await page.mouse.down();
  for (const part of parts.slice(1)) await page.mouse.move(...at(part), { steps: 4 });
  await page.mouse.up();
}

/** Even-odd, pixel centres. */
function isInside(points: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  points.forEach(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % points.length]!;
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  });
  return inside;
}

describe("kinds of images", () => {
  it("opens a dropped JPEG as the command does", async () => {
    const { png } = await quarterOf(IMAGE);
    const base64 = await open.page.evaluate(async (source) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(source), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
      const bytes = new Uint8Array(
        await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer(),
      );
      return btoa(String.fromCharCode(...bytes));
    }, Buffer.from(png).toString("base64"));
    await sameAsCommand("cells.jpg", Buffer.from(base64, "base64"), "image/jpeg");
  });

  it("opens a dropped TIFF as the command does, with its pixel size", async () => {
    const { width, height, data } = raster;
    const tiff = buildTiff({
      width,
      height,
      channels: 3,
      bits: 8,
      data,
      compression: "lzw",
      rowsPerStrip: 16,
      resolution: { x: [40_000, 1], unit: 3 }, // pixels a centimetre
    });
    await sameAsCommand("cells.tif", tiff, "image/tiff");
    await expect.poll(() => open.page.getByLabel("Pixel size, µm").inputValue()).toBe("0.25");
    await open.page.locator('[data-areas="µm²"]').waitFor();
  });
});

describe("annotations and corrections", () => {
  it("scores against ImageScope XML", async () => {
    const { page } = open;
    const collection = JSON.parse(Buffer.from((await savedFile(page, "geojson")).bytes).toString()) as {
      features: { geometry: { type: string; coordinates: [number, number][][] } }[];
    };
    const outlines = collection.features.map(({ geometry }) => geometry.coordinates[0]!);
    const regions = outlines.map(
      (ring, i) =>
        `<Region Id="${i + 1}"><Vertices>${ring.map(([x, y]) => `<Vertex X="${x}" Y="${y}" Z="0"/>`).join("")}</Vertices></Region>`,
    );
    const xml = `<?xml version="1.0"?><Annotations MicronsPerPixel="0.25"><Annotation Id="1"><Regions>${regions.join("")}</Regions></Annotation></Annotations>`;
    await page
      .locator('input[type="file"][accept*="xml"]')
      .setInputFiles({ name: "cells.xml", mimeType: "text/xml", buffer: Buffer.from(xml) });
    await page.locator("[data-scores]").waitFor();
    const text = (await page.locator("[data-scores]").textContent())!;
    expect(await note(page)).toContain(`${outlines.length} annotated nuclei`);
    // Its own outlines again: all but the pixels that two rules for the border of an outline see differently.
    for (const score of ["DSC", "AJI", "PQ"])
      expect(Number(new RegExp(`${score} ([\\d.]+)`).exec(text)![1])).toBeGreaterThan(90);
  });

  it("explains XML that is no annotation", async () => {
    const { page } = open;
    await page
      .locator('input[type="file"][accept*="xml"]')
      .setInputFiles({ name: "other.xml", mimeType: "text/xml", buffer: Buffer.from("<html><body/></html>") });
    await page.locator('[data-trouble="input"]').waitFor();
    expect(await page.locator('[data-trouble="input"]').textContent()).toContain("other.xml");
    await page.locator('[data-trouble="input"]').getByRole("button", { name: "Understood" }).click();
  });

  it("adds what is drawn, pixel by pixel, where no nucleus is", async () => {
    const { page } = open;
    await page.evaluate(() => {
      document.querySelector("ama-sam-viewer")!.addEventListener("nuclei-path", (event) => {
        (globalThis as { drawn?: unknown }).drawn = (event as CustomEvent<{ points: unknown }>).detail.points;
      });
    });
    const before = await labelsOf((await savedFile(page, "png")).bytes);
    const nucleiBefore = await count(page);
    await page.getByRole("button", { name: "Draw" }).click();
    await drag(page, [
      [0.4, 0.4],
      [0.52, 0.41],
      [0.56, 0.55],
      [0.45, 0.6],
      [0.38, 0.5],
    ]);
    await expect.poll(() => note(page)).toBe("Nucleus drawn.");
    expect(await count(page)).toBe(nucleiBefore + 1);
    const points = await page.evaluate(() => (globalThis as { drawn?: [number, number][] }).drawn!);
    const after = await labelsOf((await savedFile(page, "png")).bytes);
    let [added, wrong] = [0, 0];
    for (let i = 0; i < after.length; i++) {
      const expected =
        before[i] === 0 && isInside(points, (i % raster.width) + 0.5, Math.floor(i / raster.width) + 0.5);
      if (after[i] !== before[i]) added++;
      if ((after[i] !== before[i]) !== expected) wrong++;
    }
    expect(added).toBeGreaterThan(100);
    // The canvas decides by the covered part of a pixel, this test by its middle: they may differ along the line.
    expect(wrong).toBeLessThan(0.05 * added);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => count(page)).toBe(nucleiBefore);
    expect(differentPixels(await labelsOf((await savedFile(page, "png")).bytes), before)).toBe(0);
  });

  it("answers a box with SAM's decoder, once for each box", async () => {
    const { page } = open;
    await page.getByRole("button", { name: "Ask SAM" }).click();
    for (const from of [0.4, 0.41]) {
      await page.locator("[data-note]").evaluate((node) => {
        node.textContent = "";
      });
      await drag(page, [
        [from, from],
        [from + 0.15, from + 0.15],
      ]);
      await expect
        .poll(() => note(page), { timeout: 60_000 })
        .toMatch(/(Nucleus added|Nothing there to add) \(.*expected IoU \d\.\d\d\)/);
    }
    expect(await note(page)).toContain("the image was known already");
    await page.getByRole("button", { name: "Move" }).click();
  });
});

describe("PyTorch files", () => {
  it("are kept, named for what they are, and refused in words where they are no model of this kind", async () => {
    const { page } = open;
    await page.getByRole("tab", { name: "Weights" }).click();
    const file = join(examples, "../../test/golden/checkpoints/tiny_sam.pth");
    await page.locator('input[type="file"][accept*="pth"]').setInputFiles(file);
    const row = page.locator("[data-weights]");
    await row.waitFor();
    const { Sha256 } = await import("@ama-sam/checkpoint");
    expect(await row.getAttribute("data-weights")).toBe(new Sha256().update(readFileSync(file)).hex());
    expect(await row.textContent()).toContain("tiny_sam.pth");
    await row.getByRole("button", { name: "Use" }).click();
    await page.locator('[data-trouble="input"]').waitFor();
    expect(await page.locator('[data-trouble="input"]').textContent()).toContain("ViT-B, L or H");
    await row.getByRole("button", { name: "Remove" }).click();
    await expect.poll(() => row.count()).toBe(0);
  });
});

describe("a picked folder", () => {
  it("trains as the same images do when they are the sample", async () => {
    const page = open.page;
    await page.getByRole("tab", { name: "Train" }).click();
    await page.getByLabel("Steps", { exact: true }).fill("2");
    await page.getByLabel("Images a step").fill("2");
    for (const name of ["dsb_lilac_low", "dsb_lilac_high", "dsb_pink_he", "dsb_fluo"])
      await page.getByLabel(name, { exact: true }).uncheck();
    const finish = () =>
      expect.poll(() => page.locator("[data-train-note]").textContent(), { timeout: 200_000 }).toMatch(/Finished/);
    await page.getByRole("button", { name: "Start" }).click();
    await finish();
    await page.locator('input[type="file"][webkitdirectory]').first().setInputFiles(join(examples, "dsb_purple_white"));
    await page.getByText(/dsb_purple_white \(\d+ files\)/).waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator('[data-run="nano-dsb_purple_white-2"]').waitFor({ timeout: 200_000 });
    await finish();
    const [sample, picked] = await page.evaluate(async () => {
      const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle("runs");
      const texts: string[] = [];
      for (const name of ["nano-dsb_purple_white", "nano-dsb_purple_white-2"]) {
        const file = await (await runs.getDirectoryHandle(name)).getFileHandle("metrics.jsonl");
        texts.push(await (await file.getFile()).text());
      }
      return texts;
    });
    const losses = (text: string) =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; loss: number })
        .filter(({ type }) => type === "step")
        .map(({ loss }) => loss);
    expect(losses(picked!).length).toBe(2);
    expect(losses(picked!)).toEqual(losses(sample!));
  });

  it("nothing of all this was asked of another computer, or logged an error", () => {
    expect(open.requests.filter((url) => !url.startsWith(session.url) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(open.problems).toEqual([]);
  });
});
