import { baseName, dirName, isImagePath, normalFolders, stem } from "../source/paths";
import type { DatasetReader, ItemRecord } from "./dataset";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";

function scan(paths: readonly string[]): Scan {
  const masks = new Map<string, string[]>();
  const images: { folder: string; path: string }[] = [];
  for (const path of paths) {
    if (!isImagePath(path)) continue;
    const kind = normalFolders(path).at(-1);
    const folder = dirName(dirName(path));
    if (kind === "images" && baseName(folder) === stem(path)) images.push({ folder, path });
    else if (kind === "masks" && folder !== "") masks.set(folder, [...(masks.get(folder) ?? []), path]);
  }
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  for (const { folder, path } of images) {
    const id = stem(path);
    const taken = items.get(id);
    if (taken !== undefined) {
      findings.push(duplicateId(path, id, taken.imagePath));
      continue;
    }
    const own = masks.get(folder);
    masks.delete(folder);
    if (own === undefined) findings.push(unpairedImage(path, `one PNG per nucleus in ${folder}/masks`));
    const stage = normalFolders(path).find((name) => /^stage\d+ (train|test)/.test(name));
    items.set(id, {
      id,
      ...(stage === undefined ? {} : { split: stage.includes("train") ? "train" : "test" }),
      imagePath: path,
      annotation: own === undefined ? null : { kind: "instance-masks", paths: own },
    });
  }
  if (items.size > 0) {
    for (const [folder, own] of masks)
      findings.push(unpairedAnnotation(own[0]!, `${folder}/images/${baseName(folder)}.png`));
  }
  return { items: [...items.values()], findings };
}

/** DSB2018 / BBBC038: `stage1_train/<ImageId>/{images/<ImageId>.png, masks/*.png}`, one mask file per nucleus. Split: the stage folders. */
export const dsb2018: DatasetReader = {
  format: "dsb2018",
  splits: [],
  detect: (paths) => scan(paths).items.filter((item) => item.annotation !== null).length,
  open: (source, options = {}) => openScan(dsb2018, source, options, scan),
};
