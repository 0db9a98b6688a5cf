import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "@ama-sam/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  dropFile,
  engineReady,
  examples,
  nuclei,
  type OpenPage,
  quarterOf,
  type Session,
  savedFile,
  shoot,
  start,
} from "./browser";
import { differentPixels, labelsByCommand, labelsOf } from "./command";

const IMAGE = join(examples, "dsb_purple_white/images/1d02c4b5.png");
const TRUTH = join(examples, "dsb_purple_white/labels/1d02c4b5.png");

let session: Session;
let open: OpenPage;

beforeAll(async () => {
  session = await start();
  open = await session.open();
});
afterAll(() => session?.close());

const saved = (format: string) => savedFile(open.page, format);

describe("segmenting", () => {
  it("opens with an adapter and a model", async () => {
    await engineReady(open.page);
    expect(await open.page.locator("[data-ready]").textContent()).toContain("nano");
    await shoot(open.page, "welcome", { keep: true });
  });

  it("gives the nuclei of the command at every threshold and by both methods, without running the model again", async () => {
    const { page } = open;
    const { png } = await quarterOf(IMAGE);
    const file = join(mkdtempSync(join(tmpdir(), "ama-sam-page-")), "corner.png");
    writeFileSync(file, png);
    await dropFile(page, "corner.png", png);
    await nuclei(page);
    const maps: Uint32Array[] = [];
    for (const threshold of ["0.95", "0.3"])
      for (const method of ["components", "watershed"]) {
        await page.getByLabel("Threshold").fill(threshold);
        await page.getByLabel(`(${method})`).check();
        await page.locator(`[data-shown="${method} ${Number(threshold)}"]`).waitFor();
        expect(await page.locator("[data-note]").textContent()).toContain("the model did not run");
        const found = await labelsOf((await saved("png")).bytes);
        const options = ["--threshold", threshold, "--instances", method];
        expect(differentPixels(found, await labelsByCommand(file, options)), `${method} at ${threshold}`).toBe(0);
        maps.push(found);
      }
    const covered = maps.map((map) => map.reduce((sum, label) => sum + Number(label > 0), 0));
    expect(covered[0]).toBeLessThan(covered[2]!);
    expect(differentPixels(maps[2]!, maps[3]!)).toBeGreaterThan(0);
    await page.getByLabel("Threshold").fill("0.5");
    await page.locator('[data-shown="watershed 0.5"]').waitFor();
  });

  it("gives the nuclei of the command for a dropped file, pixel by pixel", async () => {
    await dropFile(open.page, "1d02c4b5.png", new Uint8Array(readFileSync(IMAGE)));
    const count = await nuclei(open.page);
    expect(count).toBeGreaterThan(0);
    const { name, bytes: png } = await saved("png");
    expect(name).toBe("1d02c4b5.nuclei-not-for-diagnosis.labels.png");
    expect(Buffer.from(png).includes("Not for diagnosis")).toBe(true);
    const found = await labelsOf(png);
    expect(differentPixels(found, await labelsByCommand(IMAGE))).toBe(0);
    expect(new Set(found).size - 1).toBe(count);
  });

  it("scores against an imported label image at once", async () => {
    await open.page.locator('input[type="file"][accept*="geojson"]').setInputFiles(TRUTH);
    await open.page.locator("[data-scores]").waitFor();
    const text = await open.page.locator("[data-scores]").textContent();
    expect(text).toMatch(/DSC \d+\.\d.*AJI \d+\.\d.*PQ \d+\.\d/);
    await open.page.getByPlaceholder("unknown").fill("0.25");
    await open.page.getByPlaceholder("unknown").blur();
    await open.page.locator('[data-areas="µm²"]').waitFor();
    await open.page.getByRole("heading", { name: "Nuclei" }).evaluate((node) => node.scrollIntoView());
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
});
