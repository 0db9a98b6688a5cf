import { dirName, isImagePath, normalFolders, stem } from "../source/paths";
import type { DatasetReader, ItemRecord } from "./dataset";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";
import { type NamedSplit, ruleSplit } from "./splits";

/** Slides 12 and above, in the larger "TNBC and Brain" archive, are other tissue. */
const slides = 11;

const slideOf = (item: ItemRecord): number => Number(item.group?.slice("Slide_".length));

/** Slides 01 to 06 (30 images) train, 07 to 11 (20 images) test: the usual first 30 / last 20, which no patient straddles. */
export const tnbcPatients: NamedSplit = /* @__PURE__ */ ruleSplit(
  "tnbc-patients",
  "slides 01-06 train, 07-11 test; one patient per slide",
  (item) => (slideOf(item) <= 6 ? "train" : slideOf(item) <= slides ? "test" : undefined),
);

const leaveOneOut = (): NamedSplit[] =>
  Array.from({ length: slides }, (_, i) => i + 1).map((out) =>
    ruleSplit(`tnbc-without-${String(out).padStart(2, "0")}`, `slide ${out} test, the other patients train`, (item) =>
      slideOf(item) === out ? "test" : slideOf(item) <= slides ? "train" : undefined,
    ),
  );

/** `tnbc-without-NN`: patient NN is the test set, the ten others train. */
export const tnbcLeaveOneOut: readonly NamedSplit[] = /* @__PURE__ */ leaveOneOut();

function scan(paths: readonly string[]): Scan {
  const masks = new Map<string, string>();
  const images: { key: string; path: string; slide: string }[] = [];
  for (const path of paths) {
    if (!isImagePath(path)) continue;
    const match = /^(slide|gt) 0*(\d+)$/.exec(normalFolders(path).at(-1) ?? "");
    if (match === null) continue;
    const slide = match[2]!.padStart(2, "0");
    const key = `${dirName(dirName(path))}|${slide}|${stem(path)}`;
    if (match[1] === "gt") masks.set(key, path);
    else images.push({ key, path, slide });
  }
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  for (const { key, path, slide } of images) {
    const id = stem(path);
    const taken = items.get(id);
    if (taken !== undefined) {
      findings.push(duplicateId(path, id, taken.imagePath));
      continue;
    }
    const mask = masks.get(key);
    masks.delete(key);
    if (mask === undefined) findings.push(unpairedImage(path, `the same file name in GT_${slide}`));
    items.set(id, {
      id,
      group: `Slide_${slide}`,
      imagePath: path,
      annotation: mask === undefined ? null : { kind: "mask-image", paths: [mask] },
    });
  }
  const imagesUsed = new Set(images.map(({ key }) => key));
  for (const [key, path] of masks) {
    if (!imagesUsed.has(key)) findings.push(unpairedAnnotation(path, "the same file name in the folder Slide_NN"));
  }
  return { items: [...items.values()], findings };
}

/**
 * TNBC (Naylor et al.): `{Slide_NN, GT_NN}/NN_k.png`, one patient per slide.
 *
 * The masks are semantic: nuclei are 8-connected components, so touching ones merge (`instanceKind: "components"`).
 * Default split: `tnbc-patients`.
 */
export const tnbc: DatasetReader = {
  format: "tnbc",
  splits: /* @__PURE__ */ [tnbcPatients].concat(tnbcLeaveOneOut),
  detect: (paths) => scan(paths).items.filter((item) => item.annotation !== null).length,
  open: (source, options = {}) => openScan(tnbc, source, options, scan, () => tnbcPatients),
};
