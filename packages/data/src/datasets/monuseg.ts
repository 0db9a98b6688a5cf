import {
  baseName,
  comparePaths,
  dirName,
  extension,
  isImagePath,
  isTiffPath,
  normalFolders,
  stem,
} from "../source/paths";
import type { DatasetReader, ItemRecord } from "./dataset";
import { folder } from "./folder";
import { monuseg30, monuseg37, tcgaPatient } from "./monuseg-splits";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";

/** How likely a picture is the tissue image of an XML of the same stem: reposts put masks of that name next door. */
function imageRank(image: string, xml: string): number {
  const folder = normalFolders(image).at(-1) ?? "";
  const place = /^(tissue )?images?$/.test(folder) ? 0 : dirName(image) === dirName(xml) ? 1 : 2;
  return place * 2 + (isTiffPath(image) ? 0 : 1);
}

function folderSplit(path: string): string | undefined {
  for (const folder of normalFolders(path).reverse()) {
    if (/test/.test(folder)) return "test";
    if (/train/.test(folder)) return "train";
  }
  return undefined;
}

/** Pairs of every XML with the likeliest picture of its stem. */
function scan(paths: readonly string[]): Scan {
  const images = new Map<string, string[]>();
  for (const path of paths) {
    if (!isImagePath(path)) continue;
    const key = stem(path);
    images.set(key, [...(images.get(key) ?? []), path]);
  }
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  for (const xml of paths.filter((path) => extension(path) === "xml")) {
    const id = stem(xml);
    const image = images.get(id)?.sort((a, b) => imageRank(a, xml) - imageRank(b, xml) || comparePaths(a, b))[0];
    if (image === undefined) {
      findings.push(unpairedAnnotation(xml, `${id}.tif in the same folder or in "Tissue Images"`));
      continue;
    }
    const taken = items.get(id);
    if (taken) {
      findings.push(duplicateId(xml, id, taken.annotation!.paths[0]!));
      continue;
    }
    const split = folderSplit(image);
    const patient = tcgaPatient(id);
    items.set(id, {
      id,
      ...(split === undefined ? {} : { split }),
      ...(patient === undefined ? {} : { group: patient }),
      imagePath: image,
      annotation: { kind: "image-scope-xml", paths: [xml] },
    });
  }
  for (const [id, [path]] of images) {
    if (path === undefined || items.has(id) || !isTiffPath(path)) continue;
    findings.push(
      unpairedImage(path, `${baseName(path).replace(/\.tiff?$/i, ".xml")} in the same folder or in "Annotations"`),
    );
    const split = folderSplit(path);
    items.set(id, { id, ...(split === undefined ? {} : { split }), imagePath: path, annotation: null });
  }
  return { items: [...items.values()], findings };
}

/** ImageScope's outlines in `labels/` are the user's own: a plain folder, if it finds them, where other formats may lie beside them. */
function isOwnFolder({ id, annotation }: ItemRecord): boolean {
  const place = normalFolders(annotation!.paths[0]!).at(-1) ?? "";
  return tcgaPatient(id) === undefined && /^(labels?|masks?)$/.test(place);
}

/**
 * MoNuSeg: `MoNuSeg 2018 Training Data/{Tissue Images/*.tif, Annotations/*.xml}` and a flat `MoNuSegTestData/*.{tif,xml}`.
 *
 * Default split: `monuseg-30` when official names are there, otherwise the folders.
 */
export const monuseg: DatasetReader = {
  format: "monuseg",
  splits: [monuseg30, monuseg37],
  detect: (paths) => {
    const annotated = scan(paths).items.filter((item) => item.annotation !== null);
    const plain = annotated.every(isOwnFolder) && folder.detect(paths) >= annotated.length;
    return plain ? 0 : annotated.length;
  },
  open: (source, options = {}) =>
    openScan(monuseg, source, options, scan, (items) => {
      const { splitOf } = monuseg37.assign(items);
      return items.some((item) => splitOf.get(item.id) !== undefined) ? monuseg30 : undefined;
    }),
};
