import { DataError } from "../errors";
import type { FileSource } from "../source/file-source";
import { baseName, dirName, isImagePath, normalName, stem } from "../source/paths";
import type { DatasetReader, ItemRecord } from "./dataset";
import { openScan, type Scan, unpairedImage } from "./pairing";
import { parseSplitFile } from "./splits";

const listName = "data_split.json";

/** Pictures below `root` in folders such as `image_1024` or `mask_1024`, by stem. */
function picturesBelow(root: string, kind: "image" | "mask", paths: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const folderName = new RegExp(`^${kind}s?( \\d+)?$`);
  for (const path of paths) {
    if (!isImagePath(path) || (root !== "" && !path.startsWith(`${root}/`))) continue;
    if (folderName.test(normalName(baseName(dirName(path)))) && !found.has(stem(path))) found.set(stem(path), path);
  }
  return found;
}

async function scan(source: FileSource, paths: readonly string[], set: string | undefined): Promise<Scan> {
  const items: ItemRecord[] = [];
  const findings: Scan["findings"] = [];
  const lists = paths.filter((path) => baseName(path) === listName);
  const wanted = lists.filter((path) => set === undefined || baseName(dirName(path)) === set);
  if (wanted.length === 0 && lists.length > 0) {
    const names = lists.map((path) => baseName(dirName(path))).join(", ");
    throw new DataError(
      "bad-argument",
      `[openDataset] no such UN-SAM data set. Got set "${set}". Expected one of ${names}.`,
    );
  }
  for (const list of wanted) {
    const name = baseName(dirName(list));
    const root = dirName(dirName(list));
    const images = picturesBelow(root, "image", paths);
    const masks = picturesBelow(root, "mask", paths);
    const splits = readLists(new TextDecoder().decode(await source.read(list)), list);
    const first = new Map<string, string>();
    for (const [split, files] of Object.entries(splits)) {
      for (const file of files) {
        const key = isImagePath(file) ? stem(file) : file;
        const imagePath = images.get(key);
        if (imagePath === undefined) {
          findings.push({
            level: "error",
            code: "missing-image",
            message: `"${file}" of ${name}/${split} is in no image folder`,
            path: list,
          });
          continue;
        }
        const mask = masks.get(key);
        if (mask === undefined) findings.push(unpairedImage(imagePath, `${key}.png in a mask folder`));
        const other = first.get(key);
        if (other === split) continue;
        if (other !== undefined) {
          findings.push({
            level: "warning",
            code: "split-leak",
            message: `"${file}" is in both ${other} and ${split} of ${name}`,
            path: list,
          });
        } else first.set(key, split);
        items.push({
          id: `${name}/${split}/${key}`,
          split,
          imagePath,
          annotation: mask === undefined ? null : { kind: "mask-image", paths: [mask] },
        });
      }
    }
  }
  return { items, findings };
}

/** The lists of one `data_split.json`; unlike a split file of this project, an image may be in several. */
function readLists(text: string, path: string): Record<string, string[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(
      "bad-split",
      `[openDataset] not JSON. Got "${path}". Expected { "train": [...], "valid": [...], "test": [...] }.`,
      {
        path,
        cause,
      },
    );
  }
  const lists: Record<string, string[]> = {};
  for (const [split, files] of Object.entries(typeof value === "object" && value !== null ? value : {})) {
    // Each list passes through the strict parser, which names a bad entry.
    const unique = Array.isArray(files) ? [...new Set<unknown>(files)] : files;
    lists[split] = parseSplitFile({ [split]: unique }).splits[split]!.map(({ id }) => id);
  }
  return lists;
}

/**
 * UN-SAM's own layout: `data/<set>/data_split.json` with `image_1024/<id>.png` and `mask_1024/<id>.png` beside the sets.
 *
 * Ids are `<set>/<split>/<stem>`, since its lists may name an image twice (reported as `split-leak`). Masks are semantic:
 * `instanceKind: "components"`. Option `set` picks one of several data sets. Split: the lists.
 */
export const unsam: DatasetReader = {
  format: "unsam",
  splits: [],
  detect: (paths) => {
    const roots = new Set(paths.filter((path) => baseName(path) === listName).map((path) => dirName(dirName(path))));
    let pairs = 0;
    for (const root of roots) {
      const masks = picturesBelow(root, "mask", paths);
      pairs += [...picturesBelow(root, "image", paths).keys()].filter((key) => masks.has(key)).length;
    }
    return pairs;
  },
  open: (source, options = {}) => openScan(unsam, source, options, (paths) => scan(source, paths, options.set)),
};
