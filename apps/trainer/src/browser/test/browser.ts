import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage, encodePng, type Raster } from "@ama-sam/data";
// @boundaries-ignore a tool of the repository's root
import type { Browser, BrowserContext, Page } from "playwright-core";
// @boundaries-ignore the page's tests build and serve it as npm start does
import { servePage } from "../../../../../tools/start.mjs";
import { launchChromium } from "./chromium";
import { palettePng } from "./palette-png";

const shots = fileURLToPath(new URL("../../../../../docs/page", import.meta.url));
export const examples = fileURLToPath(new URL("../../../../../examples/data", import.meta.url));

/** A browser with the built page; `close` ends both. */
export interface Session {
  browser: Browser;
  url: string;
  /** A page in a profile of its own; its errors and requests are collected. */
  open(options?: OpenOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenOptions {
  viewport?: { width: number; height: number };
  dark?: boolean;
  phone?: boolean;
  /** Runs before the page's own scripts. */
  before?: string;
  /** Opens nothing yet. */
  blank?: boolean;
  context?: BrowserContext;
}

export interface OpenPage {
  page: Page;
  context: BrowserContext;
  /** Every address that was asked for. */
  requests: string[];
  /** Errors and warnings of the console, and uncaught ones. */
  problems: string[];
}

/** Starts a browser; `crashes: "limited"` keeps the browser's own limit on GPU crashes. */
export async function start({
  crashes = "unlimited",
  gpu = true,
  first,
}: {
  crashes?: "unlimited" | "limited";
  gpu?: boolean;
  /** Answers requests before the page's server does. */
  first?: NonNullable<Parameters<typeof servePage>[0]>["first"];
} = {}): Promise<Session> {
  const { server, url } = await servePage(first ? { first } : {});
  const browser = await launchChromium({ gpu: gpu ? "swiftshader" : "none", crashes });
  return {
    browser,
    url,
    async open({
      viewport = { width: 1080, height: 760 },
      dark = false,
      phone = false,
      before,
      blank = false,
      context: given,
    } = {}) {
      const context =
        given ??
        (await browser.newContext({
          viewport,
          colorScheme: dark ? "dark" : "light",
          acceptDownloads: true,
          ...(phone && { isMobile: true, hasTouch: true, deviceScaleFactor: 2 }),
        }));
      const page = await context.newPage();
      const requests: string[] = [];
      const problems: string[] = [];
      context.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
      });
      page.on("pageerror", (error) => problems.push(String(error)));
      if (before) await page.addInitScript(before);
      if (!blank) await page.goto(url);
      return { page, context, requests, problems };
    },
    async close() {
      await browser.close();
      await new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
    },
  };
}

/** Waits until the engine has an adapter and a model; a page without an adapter fails the test here. */
export async function engineReady(page: Page): Promise<void> {
  await page.locator('[data-ready="true"]').waitFor({ timeout: 60_000 });
}

/** Drops a file on the page, as a user does. */
export async function dropFile(page: Page, name: string, bytes: Uint8Array, type = "image/png"): Promise<void> {
  const data = await page.evaluateHandle(
    ({ name, base64, type }) => {
      const raw = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([raw], name, { type }));
      return transfer;
    },
    { name, base64: Buffer.from(bytes).toString("base64"), type },
  );
  await page.dispatchEvent("#panel-Segment", "drop", { dataTransfer: data });
}

/** The number of nuclei on the page once nothing is running any more. */
export async function nuclei(page: Page, timeout = 240_000): Promise<number> {
  await page.waitForFunction(
    () => /nuclei in/.test(document.querySelector("[data-note]")?.textContent ?? ""),
    undefined,
    { timeout },
  );
  return Number(await page.locator("[data-count]").getAttribute("data-count"));
}

/** The upper left quarter of an image, as a PNG: enough to compare by, in a quarter of the time. */
export async function quarterOf(path: string): Promise<{ raster: Raster; png: Uint8Array }> {
  const { width, channels, height, data } = await decodeImage(new Uint8Array(readFileSync(path)));
  const [w, h] = [width >> 1, height >> 1];
  const part = new Uint8Array(w * h * channels);
  for (let y = 0; y < h; y++)
    part.set(data.subarray(y * width * channels, (y * width + w) * channels) as Uint8Array, y * w * channels);
  const raster: Raster = { width: w, height: h, channels, bitDepth: 8, data: part };
  return { raster, png: encodePng(raster) };
}

/** What an export button saves. */
export async function savedFile(page: Page, format: string): Promise<{ name: string; bytes: Uint8Array }> {
  const waiting = page.waitForEvent("download");
  await page.locator(`[data-export="${format}"]`).click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
}

/** Writes a screenshot of a state into docs/page, without the notices of this machine's slow adapter unless they are the state. */
export async function shoot(page: Page, name: string, { keep = false } = {}): Promise<void> {
  mkdirSync(shots, { recursive: true });
  for (const notice of ["software", "device-lost"]) {
    const understood = page.locator(`[data-trouble="${notice}"]`).getByRole("button", { name: "Understood" });
    if (!keep && (await understood.count()) > 0) await understood.click();
  }
  await page.waitForTimeout(300);
  writeFileSync(join(shots, `${name}.png`), await palettePng(await page.screenshot({ scale: "css" })));
}
