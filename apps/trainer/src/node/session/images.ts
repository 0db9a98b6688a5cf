import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { decodeImage, toRgb8 } from "@ama-sam/data";
import { CommandError, naming } from "../errors";

/** File endings that `predict` looks for in folders. */
const ENDINGS = new Set([".png", ".jpg", ".jpeg", ".tif", ".tiff"]);

/** An 8-bit RGB image for the model. */
export interface RgbFile {
  width: number;
  height: number;
  data: Uint8Array;
  /** What was done to make it 8-bit RGB; empty where it was. */
  notes: string[];
  micronsPerPixel?: number;
}

/** An image to predict: where it is, and the path under which its results are written. */
export interface ImageFile {
  path: string;
  /** Relative, without ending. */
  name: string;
}

/**
 * The images that a path means: a file, every image of a folder and those below it (but what `predict` wrote there), or a pattern
 * with `*`, `?` and `**`.
 *
 * @throws CommandError where nothing matches, or two images would be written to one name
 */
export async function findImages(given: string): Promise<ImageFile[]> {
  const found = await stat(given).catch(() => null);
  let images: ImageFile[];
  if (found?.isFile()) images = [imageFile(given, dirname(given))];
  else if (found)
    images = (await walk(given))
      .filter((path) => ENDINGS.has(extname(path).toLowerCase()))
      .map((path) => imageFile(path, given));
  else if (/[*?]/.test(given)) images = await glob(given);
  else throw new CommandError(`${given}: no such file or folder`);
  if (images.length === 0)
    throw new CommandError(`${given}: no image here`, { hint: `Images end in ${[...ENDINGS].join(", ")}.` });
  const names = new Map<string, string>();
  for (const { path, name } of images) {
    const other = names.get(name);
    if (other !== undefined)
      throw new CommandError(`${basename(path)} and ${basename(other)} would be written to the same names`, {
        hint: "Rename one, or predict them in two calls.",
      });
    names.set(name, path);
  }
  return images.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const imageFile = (path: string, root: string): ImageFile => ({
  path,
  name: relative(root, path).slice(0, -extname(path).length || undefined),
});

async function glob(pattern: string): Promise<ImageFile[]> {
  const parts = pattern.split(sep);
  const first = parts.findIndex((part) => /[*?]/.test(part));
  const root = parts.slice(0, first).join(sep) || sep;
  if (!(await stat(root).catch(() => null))) throw new CommandError(`${root}: no such folder`);
  const source = parts
    .slice(first)
    .map((part) =>
      part === "**"
        ? "(?:.+/)?"
        : `${part
            .replace(/[.+^${}()|[\]\\]/g, "\\$&")
            .replace(/\*/g, "[^/]*")
            .replace(/\?/g, "[^/]")}/`,
    )
    .join("")
    .replace(/\/$/, "");
  const wanted = new RegExp(`^${source}$`);
  return (await walk(root))
    .filter((path) => wanted.test(relative(root, path).split(sep).join("/")))
    .map((path) => imageFile(path, root));
}

async function walk(folder: string): Promise<string[]> {
  const out: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inside = await readdir(path);
      // What `predict` wrote is no image to predict.
      if (!inside.some((name) => /^predictions(\..*)?\.json$/.test(name))) out.push(...(await walk(path)));
    } else out.push(path);
  }
  return out;
}

/**
 * Reads an image as 8-bit RGB, through the same function as the images of a data set: a model sees what it was trained on.
 *
 * @throws CommandError that names the file
 */
export async function readImage(path: string): Promise<RgbFile> {
  const bytes = await readFile(path);
  const { image, findings } = await Promise.resolve()
    .then(() => decodeImage(bytes, { name: basename(path) }))
    .then((raster) => toRgb8(raster, path))
    .catch((error) => {
      throw naming(path, error);
    });
  const { width, height, data, micronsPerPixel } = image;
  return {
    width,
    height,
    data: data as Uint8Array,
    notes: findings.map(({ message }) => message),
    ...(micronsPerPixel !== undefined && { micronsPerPixel }),
  };
}
