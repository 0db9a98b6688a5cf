import { dirName, extension, isImagePath, normalFolders, stem } from "../source/paths";
import type { DatasetReader, ItemRecord } from "./dataset";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";
import { type NamedSplit, ruleSplit } from "./splits";

/** The folders of the repack: 32 train + 32 test. */
export const cpm17Repack: NamedSplit = /* @__PURE__ */ ruleSplit(
  "cpm17-repack",
  "the folders train and test of the HoVer-Net repack",
  (item) => /^(train|test)\//.exec(item.id)?.[1],
);

function scan(paths: readonly string[]): Scan {
  const maps = new Map<string, string>();
  const images: { key: string; id: string; path: string; split: string }[] = [];
  for (const path of paths) {
    const folders = normalFolders(path);
    const split = folders.at(-2);
    if (split !== "train" && split !== "test") continue;
    const key = `${dirName(dirName(path))}|${stem(path)}`;
    if (/^labels?$/.test(folders.at(-1)!) && /^(mat|npy)$/.test(extension(path))) {
      // Newer packs hold .mat, older ones .npy: where both are there, .mat (sorted first) wins.
      if (!maps.has(key)) maps.set(key, path);
    } else if (/^images?$/.test(folders.at(-1)!) && isImagePath(path)) {
      images.push({ key, id: `${split}/${stem(path)}`, path, split });
    }
  }
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  for (const { key, id, path, split } of images) {
    const taken = items.get(id);
    if (taken !== undefined) {
      findings.push(duplicateId(path, id, taken.imagePath));
      continue;
    }
    const map = maps.get(key);
    maps.delete(key);
    if (map === undefined) findings.push(unpairedImage(path, `${split}/Labels/${stem(path)}.mat`));
    items.set(id, {
      id,
      split,
      imagePath: path,
      annotation: map === undefined ? null : { kind: extension(map) === "mat" ? "mat" : "label-image", paths: [map] },
    });
  }
  const used = new Set(images.map(({ key }) => key));
  for (const [key, path] of maps) {
    if (!used.has(key)) findings.push(unpairedAnnotation(path, `Images/${stem(path)}.png in the same split`));
  }
  return { items: [...items.values()], findings };
}

/**
 * cpm17 as repacked for HoVer-Net: `{train,test}/{Images/*.png, Labels/*.mat}` with `inst_map`.
 *
 * Ids are `train/image_00`: file names repeat between the splits. Default split: `cpm17-repack`.
 */
export const cpm17: DatasetReader = {
  format: "cpm17",
  splits: [cpm17Repack],
  detect: (paths) => scan(paths).items.filter((item) => item.annotation !== null).length,
  open: (source, options = {}) => openScan(cpm17, source, options, scan, () => cpm17Repack),
};
