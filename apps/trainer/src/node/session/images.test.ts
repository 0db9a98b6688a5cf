import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng, loadSample } from "@ama-sam/data";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directorySource } from "../files/directory-source";
import { readImage } from "./images";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-images-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test.each([1, 3, 4] as const)(
  "a 16-bit image of %i channel(s) is the same to predict and to train",
  async (channels) => {
    const data = Uint16Array.from({ length: 256 * 256 * channels }, (_, i) => Math.floor(i / channels));
    await writeFile(join(root, "deep.png"), encodePng({ width: 256, height: 256, channels, bitDepth: 16, data }));
    const predicted = await readImage(join(root, "deep.png"));
    const source = await directorySource(root);
    const trained = await loadSample(source, { id: "deep", imagePath: "deep.png", annotation: null });
    expect(Buffer.compare(predicted.data, trained.image.data as Uint8Array)).toBe(0);
    // 128 lies nearer to 0 and 129 nearer to 1, which dropping the low byte would call 0 and 0; white stays white.
    const at = (value: number) => predicted.data[3 * value];
    expect([128, 129, 65_279, 65_280, 65_535].map(at)).toEqual([0, 1, 254, 254, 255]);
    expect(predicted.notes.join()).toContain("16-bit");
  },
);
