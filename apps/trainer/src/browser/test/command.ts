import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage } from "@ama-sam/data";
import { main } from "../../node/cli";
import { testIo } from "../../node/test-io";

/** The model that the page begins with. */
export const MODEL = fileURLToPath(new URL("../../../models/nano.safetensors", import.meta.url));

/** The values of a label PNG. */
export async function labelsOf(png: Uint8Array): Promise<Uint32Array> {
  return Uint32Array.from((await decodeImage(png)).data);
}

/** What `ama-sam predict` makes of an image on the page's kind of adapter: its label map. */
export async function labelsByCommand(image: string, options: string[] = []): Promise<Uint32Array> {
  const out = await mkdtemp(join(tmpdir(), "ama-sam-page-"));
  try {
    const io = testIo(out, process.env);
    const code = await main(
      [
        "predict",
        image,
        "--weights",
        MODEL,
        "--adapter",
        "swiftshader",
        "--write",
        "instances",
        "--out",
        out,
        ...options,
      ],
      io,
    );
    if (code !== 0) throw new Error(`the command ended with ${code}: ${io.stderr()}`);
    return labelsOf(await readFile(join(out, `${basename(image).replace(/\.[^.]+$/, "")}_instances.png`)));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** In how many pixels two label maps differ. */
export function differentPixels(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.max(a.length, b.length);
  let different = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  return different;
}
