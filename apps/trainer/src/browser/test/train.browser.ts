import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@ama-sam/checkpoint";
import { memorySource, openDataset } from "@ama-sam/data";
import { openGpu } from "@ama-sam/dawn";
import { Build } from "@ama-sam/nn";
import {
  AmaSam,
  loadBase,
  modelConfig,
  parseConfigYaml,
  resolveConfig,
  type StepEvent,
  savedModelInfo,
  selectImages,
  type TrainEvent,
  Trainer,
} from "ama-sam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaults, toConfig } from "../train/settings";
import { engineReady, examples, nuclei, type OpenPage, type Session, shoot, start } from "./browser";

const STEPS = 6;
const PRIMARY = "dsb_purple_white";
const AUXILIARY = "dsb_pink_he";

let session: Session;
let open: OpenPage;
beforeAll(async () => {
  session = await start();
  open = await session.open();
});
afterAll(() => session?.close());

const note = () => open.page.locator("[data-train-note]").textContent();

/** The losses of a run as the page keeps them. */
async function lossesInPage(run: string): Promise<number[]> {
  const text = await open.page.evaluate(async (name) => {
    const folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle("runs")).getDirectoryHandle(
      name,
    );
    return (await (await folder.getFileHandle("metrics.jsonl")).getFile()).text();
  }, run);
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);
  return events.filter((event): event is StepEvent => event.type === "step").map(({ loss }) => loss);
}

/** The same run in Node on the same kind of adapter. */
async function lossesInNode(): Promise<number[]> {
  const config = resolveConfig(
    toConfig({ ...defaults, steps: STEPS, batch: 2, validateEvery: 0 }, [PRIMARY, AUXILIARY]),
  );
  const dataOf = async (name: string) => {
    const files: Record<string, Uint8Array> = {
      "splits.json": new Uint8Array(readFileSync(join(examples, name, "splits.json"))),
    };
    for (const folder of ["images", "labels"])
      for (const file of readdirSync(join(examples, name, folder)))
        files[`${folder}/${file}`] = new Uint8Array(readFileSync(join(examples, name, folder, file)));
    return openDataset(memorySource(files), { name });
  };
  const data = selectImages(config, { primary: await dataOf(PRIMARY), auxiliary: [await dataOf(AUXILIARY)] });
  expect([data.primary.items.length, data.validation.length]).toEqual([4, 1]);
  const device = await openGpu({ adapter: "swiftshader" });
  const losses: number[] = [];
  try {
    const trainer = await Trainer.create({
      device,
      config,
      data,
      onEvent: (event) => {
        if (event.type === "step") losses.push(event.loss);
      },
    });
    await trainer.run();
    trainer.dispose();
  } finally {
    await device.dispose();
  }
  return losses;
}

describe("training", () => {
  const run = `nano-${PRIMARY}`;

  it("runs on the samples, and pauses", async () => {
    const { page } = open;
    await engineReady(page);
    await page.getByRole("tab", { name: "Train" }).click();
    for (const name of ["dsb_lilac_low", "dsb_lilac_high", "dsb_fluo"])
      await page.getByLabel(name, { exact: true }).uncheck();
    await page.getByLabel("Steps", { exact: true }).fill(String(STEPS));
    await page.getByLabel("Images a step").fill("2");
    await page.getByLabel("Seed").click();
    await page.locator("#panel-Train").evaluate((node) => node.scrollTo(0, 0));
    await shoot(page, "train-form");
    await page.getByRole("button", { name: "Start" }).click();
    await expect.poll(note, { timeout: 120_000, interval: 100 }).toMatch(/Step [2-4] of 6, loss \d/);
    await page.getByRole("button", { name: "Pause" }).click();
    await expect.poll(note, { timeout: 120_000 }).toMatch(/Paused after step [2-5] of 6/);
  });

  it("goes on after the page was closed, to the losses of an undisturbed run in Node", async () => {
    const { context } = open;
    await open.page.close();
    open = await session.open({ context });
    const { page } = open;
    await engineReady(page);
    await page.getByRole("tab", { name: "Train" }).click();
    await page.locator(`[data-run="${run}"]`).getByRole("button", { name: "Resume" }).click();
    await expect.poll(note, { timeout: 240_000 }).toMatch(/Finished/);
    await shoot(page, "train");
    expect(await page.locator(".uplot").count()).toBeGreaterThanOrEqual(2);
    expect(await page.locator(".previews canvas").count()).toBeGreaterThanOrEqual(1);
    const inPage = await lossesInPage(run);
    const inNode = await lossesInNode();
    expect(inPage.length).toBe(STEPS);
    inPage.forEach((loss, i) => {
      // Two builds of SwiftShader: the same arithmetic up to the last bits of exp and tanh.
      expect(Math.abs(loss - inNode[i]!) / inNode[i]!).toBeLessThan(1e-4);
    });
  });

  it("goes on when the GPU crashes in the middle, to the same losses", async () => {
    const { page } = open;
    for (const name of ["dsb_lilac_low", "dsb_lilac_high", "dsb_fluo"])
      await page.getByLabel(name, { exact: true }).uncheck();
    await page.getByLabel("Steps", { exact: true }).fill(String(STEPS));
    await page.getByLabel("Images a step").fill("2");
    await page.getByRole("button", { name: "Start" }).click();
    await expect.poll(note, { timeout: 120_000, interval: 100 }).toMatch(/Step [2-4] of 6, loss \d/);
    const devtools = await session.browser.newBrowserCDPSession();
    await devtools.send("Browser.crashGpuProcess").catch(() => undefined);
    await page.locator('[data-trouble="device-lost"]').waitFor();
    await expect.poll(note, { timeout: 240_000 }).toMatch(/Finished/);
    expect(await lossesInPage(`${run}-2`)).toEqual(await lossesInPage(run));
    open.problems.length = 0; // Chromium's own words on the crash
  });

  it("gives weights that the engine opens, and segments with them", async () => {
    const { page } = open;
    const waiting = page.waitForEvent("download");
    await page.locator(`[data-run="${run}"]`).getByRole("button", { name: "Download weights" }).click();
    const file = await (await waiting).path();
    const checkpoint = await openCheckpoint(new Uint8Array(readFileSync(file)));
    const info = savedModelInfo(checkpoint)!;
    expect(info.kind).toBe("merged");
    const config = resolveConfig(parseConfigYaml(info.config!));
    const device = await openGpu({ adapter: "swiftshader" });
    const model = new AmaSam(new Build(device), modelConfig(config));
    expect((await loadBase(model, checkpoint)).kept.filter((name) => !name.startsWith("discriminator."))).toEqual([]);
    model.dispose();
    await device.dispose();

    await page.locator(`[data-run="${run}"]`).getByRole("button", { name: "Segment with it" }).click();
    await expect.poll(() => page.locator("[data-model]").textContent()).toContain(run);
    await page.getByRole("button", { name: "Try a sample" }).click();
    expect(await nuclei(page)).toBeGreaterThanOrEqual(0);

    // The same file through the weights store: hashed, kept, used, still there in a new page.
    await page.getByRole("tab", { name: "Weights" }).click();
    await page
      .locator('input[type="file"][accept*="pth"]')
      .setInputFiles({ name: "mine.safetensors", mimeType: "application/octet-stream", buffer: readFileSync(file) });
    await page.locator("[data-weights]").waitFor();
    await page.locator("[data-weights] .badge", { hasText: "In use" }).waitFor(); // the same file, by its hash
    await page.getByRole("button", { name: "Use the small model" }).click();
    await page.locator("[data-weights]").getByRole("button", { name: "Use" }).click();
    await page.locator("[data-weights] .badge", { hasText: "In use" }).waitFor();
    await shoot(page, "weights");
    const again = await session.open({ context: open.context });
    await engineReady(again.page);
    await again.page.getByRole("tab", { name: "Weights" }).click();
    await again.page.locator("[data-weights]").waitFor();
    expect(await again.page.locator("[data-weights]").textContent()).toContain("mine.safetensors");
    await again.page.close();
  });

  it("asked no other computer for anything, and logged no error", () => {
    expect(open.requests.filter((url) => !url.startsWith(session.url) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(open.problems).toEqual([]);
  });
});
