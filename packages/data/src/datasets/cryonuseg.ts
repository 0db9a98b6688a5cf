import { isImagePath, isTiffPath, normalFolders, stem } from "../source/paths";
import type { DatasetReader, ItemRecord, OpenOptions } from "./dataset";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";
import { type NamedSplit, ruleSplit } from "./splits";

type Annotator = NonNullable<OpenOptions["annotator"]>;

/** This project's split, as there is no official one: of each organ's three images the third tests (number divisible by 3): 20 + 10. */
export const cryonusegOrgans: NamedSplit = /* @__PURE__ */ ruleSplit(
  "cryonuseg-organs",
  "Human_<Organ>_NN with NN divisible by 3 test, the others train: 20 + 10, every organ on both sides (own split, none is official)",
  (item) => {
    const number = /_(\d+)$/.exec(item.id)?.[1];
    return number === undefined ? undefined : Number(number) % 3 === 0 ? "test" : "train";
  },
);

/** Whose map a path is; an older release has the mask folders of its only annotator at top level. */
function annotatorOf(folders: readonly string[]): Annotator {
  const all = folders.join("/");
  if (/second round/.test(all)) return "1-second";
  return /annotator 2/.test(all) ? "2" : "1";
}

function scan(paths: readonly string[], annotator: Annotator = "1"): Scan {
  const maps = new Map<string, string>();
  const images: string[] = [];
  for (const path of paths) {
    const folders = normalFolders(path);
    // Only the "modify" maps: the plain "label masks" add overlapping ids and so invent labels.
    if (folders.at(-1) === "label masks modify" && isTiffPath(path)) {
      if (annotatorOf(folders) === annotator) maps.set(stem(path), path);
    } else if (folders.at(-1) === "tissue images" && isImagePath(path)) images.push(path);
  }
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  for (const path of images) {
    const id = stem(path);
    const taken = items.get(id);
    if (taken !== undefined) {
      findings.push(duplicateId(path, id, taken.imagePath));
      continue;
    }
    const map = maps.get(id);
    maps.delete(id);
    if (map === undefined)
      findings.push(unpairedImage(path, `${id}.tif in "label masks modify" of annotator ${annotator}`));
    const organ = /^Human_(.+)_\d+$/.exec(id)?.[1];
    items.set(id, {
      id,
      ...(organ === undefined ? {} : { group: organ }),
      imagePath: path,
      annotation: map === undefined ? null : { kind: "label-image", paths: [map] },
    });
  }
  for (const path of maps.values()) findings.push(unpairedAnnotation(path, 'the same file name in "tissue images"'));
  return { items: [...items.values()], findings };
}

const annotators: readonly Annotator[] = ["1", "1-second", "2"];

/**
 * CryoNuSeg: `tissue images/Human_<Organ>_NN.tif` and `<annotator>/label masks modify/*.tif` (ids may have gaps).
 *
 * Option `annotator` picks one of the three annotations. Default split: `cryonuseg-organs`.
 */
export const cryonuseg: DatasetReader = {
  format: "cryonuseg",
  splits: [cryonusegOrgans],
  detect: (paths) =>
    Math.max(...annotators.map((who) => scan(paths, who).items.filter((item) => item.annotation !== null).length)),
  open: (source, options = {}) =>
    openScan(
      cryonuseg,
      source,
      options,
      (paths) => scan(paths, options.annotator),
      () => cryonusegOrgans,
    ),
};
