import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "@ama-sam/checkpoint";
import { decodeImage, loadSample, memorySource } from "@ama-sam/data";
import { openGpu } from "@ama-sam/dawn";
import { Build } from "@ama-sam/nn";
import {
  AmaSam,
  type Config,
  evaluateOptions,
  loadBase,
  modelConfig,
  parseConfigYaml,
  predictImage,
  resolveConfig,
  savedModelInfo,
} from "ama-sam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropFile, engineReady, examples, nuclei, type OpenPage, type Session, shoot, start } from "./browser";
import { scriptSizes } from "./build-page";

const IMAGE = join(examples, "dsb_purple_white/images/1d02c4b5.png");
const TRUTH = join(examples, "dsb_purple_white/labels/1d02c4b5.png");
const MODEL = fileURLToPath(new URL("../../../models/nano.safetensors", import.meta.url));

let session: Session;
let open: OpenPage;

beforeAll(async () => {
  session = await start();
  open = await session.open();
});
afterAll(() => session?.close());

/** What a button saves. */
async function saved(format: string): Promise<{ name: string; bytes: Uint8Array }> {
  const waiting = open.page.waitForEvent("download");
  await open.page.locator(`[data-export="${format}"]`).click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
}

async function labelsOf(png: Uint8Array): Promise<Uint32Array> {
  return Uint32Array.from((await decodeImage(png)).data);
}

/** The model that the page begins with, in Node on the same kind of adapter. */
async function inNode(image: Uint8Array): Promise<Uint32Array> {
  const device = await openGpu({ adapter: "swiftshader" });
  try {
    let config: Config = resolveConfig({ model: { preset: "nano" } });
    const checkpoint = existsSync(MODEL) ? await openCheckpoint(new Uint8Array(readFileSync(MODEL))) : null;
    const written = checkpoint && savedModelInfo(checkpoint)?.config;
    if (written) config = resolveConfig(parseConfigYaml(written));
    const model = new AmaSam(new Build(device, { seed: config.model.init.seed }), modelConfig(config), {
      decoder: config.model.decoder,
    });
    if (checkpoint) await loadBase(model, checkpoint);
    const sample = await loadSample(memorySource({ image }), { id: "image", imagePath: "image", annotation: null });
    const { width, height, data } = sample.image;
    return (await predictImage(model, { width, height, data: data as Uint8Array }, evaluateOptions(config))).labels
      .data;
  } finally {
    await device.dispose();
  }
}

describe("segmenting", () => {
  it("opens with an adapter and a model", async () => {
    await engineReady(open.page);
    expect(await open.page.locator("[data-ready]").textContent()).toContain("nano");
    await shoot(open.page, "welcome");
  });

  it("gives the nuclei that the engine gives in Node for the same file", async () => {
    const bytes = new Uint8Array(readFileSync(IMAGE));
    await dropFile(open.page, "1d02c4b5.png", bytes);
    const count = await nuclei(open.page);
    expect(count).toBeGreaterThan(0);
    const { name, bytes: png } = await saved("png");
    expect(name).toBe("1d02c4b5.nuclei-not-for-diagnosis.labels.png");
    expect(Buffer.from(png).includes("Not for diagnosis")).toBe(true);
    const page = await labelsOf(png);
    const node = await inNode(bytes);
    expect(page.length).toBe(node.length);
    let different = 0;
    for (let i = 0; i < node.length; i++) if (page[i] !== node[i]) different++;
    expect(different).toBe(0);
    expect(new Set(page).size - 1).toBe(count);
  });

  it("changes threshold and method without running the model", async () => {
    const count = () => open.page.locator("[data-count]").getAttribute("data-count");
    const before = await count();
    await open.page.locator('input[type="range"]').last().fill("0.95");
    await expect.poll(() => open.page.locator("[data-note]").textContent()).toContain("the model did not run");
    await expect.poll(count, { timeout: 10_000 }).not.toBe(before);
    await open.page.getByLabel("stay one (components)").check();
    await open.page.locator('input[type="range"]').last().fill("0.5");
    await open.page.waitForTimeout(800);
  });

  it("scores against an imported label image at once", async () => {
    await open.page.locator('input[type="file"][accept*="geojson"]').setInputFiles(TRUTH);
    await open.page.locator("[data-scores]").waitFor();
    const text = await open.page.locator("[data-scores]").textContent();
    expect(text).toMatch(/DSC \d+\.\d.*AJI \d+\.\d.*PQ \d+\.\d/);
    await open.page.getByPlaceholder("unknown").fill("0.25");
    await open.page.getByPlaceholder("unknown").blur();
    await open.page.locator('[data-areas="µm²"]').waitFor();
    await shoot(open.page, "segment");
  });

  it("takes its own GeoJSON back as the same nuclei", async () => {
    for (const format of ["geojson", "geojson.gz"] as const) {
      const { name, bytes } = await saved(format);
      if (format === "geojson") expect(JSON.parse(Buffer.from(bytes).toString()).note).toContain("Not for diagnosis");
      await open.page
        .locator('input[type="file"][accept*="geojson"]')
        .setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
      await expect
        .poll(() => open.page.locator("[data-scores]").textContent())
        .toMatch(/DSC 100\.0.*AJI 100\.0.*PQ 100\.0/);
    }
  });

  it("removes a nucleus by keyboard and brings it back", async () => {
    const { page } = open;
    await page.locator("progress").waitFor({ state: "detached" });
    const count = async () => Number(await page.locator("[data-count]").getAttribute("data-count"));
    const before = await count();
    await page.locator("ama-sam-viewer canvas").focus();
    await page.keyboard.press("]");
    expect(await page.locator("ama-sam-viewer [aria-live]").textContent()).toMatch(/Nucleus 1 of \d+/);
    await shoot(page, "selected");
    await page.keyboard.press("Delete");
    await expect.poll(count).toBe(before - 1);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(count).toBe(before);
    await page.getByRole("button", { name: "Redo" }).click();
    await expect.poll(count).toBe(before - 1);
    await page.keyboard.press("0");
  });

  it("answers a click with SAM's decoder, the second from the cached embedding", async () => {
    const { page } = open;
    await page.getByRole("button", { name: "Ask SAM" }).click();
    const box = (await page.locator("ama-sam-viewer canvas").boundingBox())!;
    const at = (fx: number, fy: number) => page.mouse.click(box.x + fx * box.width, box.y + fy * box.height);
    const note = () => page.locator("[data-note]").textContent();
    await at(0.5, 0.5);
    await expect.poll(note, { timeout: 60_000 }).toMatch(/looked at this part first/);
    await at(0.505, 0.505);
    await expect.poll(note, { timeout: 60_000 }).toMatch(/the image was known already/);
    await page.getByRole("button", { name: "Move" }).click();
  });

  it("writes measurements and an overlay that say what they are not for", async () => {
    const csv = await saved("csv");
    const lines = Buffer.from(csv.bytes).toString().trim().split("\r\n");
    expect(lines[0]).toContain("Area µm^2");
    expect(lines.length - 1).toBe(Number(await open.page.locator("[data-count]").getAttribute("data-count")));
    expect(csv.name).toContain("not-for-diagnosis");
    const overlay = await decodeImage((await saved("overlay")).bytes);
    expect([overlay.width, overlay.height]).toEqual([640, 512]);
  });

  it("asks no other computer for anything, and logs no error", () => {
    expect(open.requests.length).toBeGreaterThan(5);
    expect(open.requests.filter((url) => !url.startsWith(session.url) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(open.problems).toEqual([]);
  });

  it("is small: at most 400 kB of JavaScript as it is sent", () => {
    expect(scriptSizes().gzip).toBeLessThan(400_000);
  });
});
