import type { FileSource } from "../source/file-source";
import { baseName, dirName, extension, isImagePath, normalName, stem } from "../source/paths";
import type { Annotation, DatasetReader, ItemRecord } from "./dataset";
import { duplicateId, openScan, type Scan, unpairedAnnotation, unpairedImage } from "./pairing";
import { type NamedSplit, parseSplitFile, type SplitEntry, splitFromFile, usualSplit } from "./splits";

type Role = "image" | "label" | "mask";

const roles: Record<string, Role> = {
  images: "image",
  image: "image",
  "tissue images": "image",
  labels: "label",
  label: "label",
  annotations: "label",
  masks: "mask",
  mask: "mask",
};

interface Place {
  role: Role;
  /** Folders before `images/`. */
  prefix: string;
  /** Folders after `images/` plus the stem: what image and annotation share. */
  key: string;
}

function placeOf(path: string): Place | undefined {
  const parts = path.split("/");
  for (let i = parts.length - 2; i >= 0; i--) {
    const role = roles[normalName(parts[i]!)];
    if (role === undefined) continue;
    return { role, prefix: parts.slice(0, i).join("/"), key: [...parts.slice(i + 1, -1), stem(path)].join("/") };
  }
  return undefined;
}

function annotationOf(path: string, role: Role): Annotation | undefined {
  const ext = extension(path);
  if (ext === "xml") return { kind: "image-scope-xml", paths: [path] };
  if (ext === "mat") return { kind: "mat", paths: [path] };
  if (ext === "npy") return { kind: "label-image", paths: [path] };
  return isImagePath(path)
    ? { kind: role === "label" ? "label-image" : "mask-or-label-image", paths: [path] }
    : undefined;
}

/** `a_mask`, `a_masks`, `a_label`, `a_labels`, `a-mask` annotate `a`, as Cellpose and others name them. */
const withoutSuffix = (key: string): string => key.replace(/[_-](masks?|labels?|cp_masks)$/i, "");

function scan(paths: readonly string[]): Scan {
  const images: { prefix: string; key: string; path: string }[] = [];
  const annotations = new Map<string, { path: string; annotation: Annotation; role: Role }>();
  for (const path of paths) {
    const place = placeOf(path);
    if (place === undefined) continue;
    if (place.role === "image") {
      if (isImagePath(path)) images.push({ ...place, path });
      continue;
    }
    const annotation = annotationOf(path, place.role);
    if (annotation === undefined) continue;
    const name = `${place.prefix}|${place.key}`;
    // Labels know the nuclei, masks only the foreground: labels win.
    if (annotations.get(name)?.role !== "label") annotations.set(name, { path, annotation, role: place.role });
  }
  const suffixed = new Map([...annotations.keys()].map((name) => [withoutSuffix(name), name]));
  const items = new Map<string, ItemRecord>();
  const findings: Scan["findings"] = [];
  const used = new Set<string>();
  for (const { prefix, key, path } of images) {
    const id = prefix === "" ? key : `${prefix}/${key}`;
    const taken = items.get(id);
    if (taken !== undefined) {
      findings.push(duplicateId(path, id, taken.imagePath));
      continue;
    }
    const exact = `${prefix}|${key}`;
    const name = annotations.has(exact) ? exact : suffixed.get(exact);
    const found = name === undefined ? undefined : annotations.get(name);
    if (name !== undefined) used.add(name);
    if (found === undefined)
      findings.push(unpairedImage(path, `${key}.png (or .tif, .npy, .mat, .xml) in labels/ or masks/`));
    const split = usualSplit(normalName(baseName(prefix)));
    const group = dirName(key);
    items.set(id, {
      id,
      ...(split === undefined ? {} : { split }),
      ...(group === "" ? {} : { group }),
      imagePath: path,
      annotation: found?.annotation ?? null,
    });
  }
  for (const [name, { path }] of annotations) {
    if (!used.has(name)) findings.push(unpairedAnnotation(path, "a picture of the same name in images/"));
  }
  return { items: [...items.values()], findings };
}

/** `splits.json` beside an `images/` folder says which of its images train and which test. */
async function readSplitFiles(source: FileSource, paths: readonly string[]): Promise<NamedSplit | undefined> {
  const merged: Record<string, SplitEntry[]> = {};
  let name: string | undefined;
  for (const path of paths.filter((path) => baseName(path) === "splits.json")) {
    const file = parseSplitFile(new TextDecoder().decode(await source.read(path)));
    const prefix = dirName(path);
    name ??= file.name;
    for (const [split, entries] of Object.entries(file.splits)) {
      merged[split] = [
        ...(merged[split] ?? []),
        ...entries.map((entry) => ({ ...entry, id: prefix === "" ? entry.id : `${prefix}/${entry.id}` })),
      ];
    }
  }
  return name === undefined ? undefined : splitFromFile({ name, splits: merged });
}

/**
 * A user's own folder: `images/` with `labels/` (nucleus ids) or `masks/` (foreground, or ids where there are several values),
 * at top level or below others (`train/images`, `valid/images`, `<domain>/images`), nested alike.
 *
 * Ids are the path below the tree without `images/` and extension. Split: `splits.json` beside `images/`, else folders named
 * train, valid or test. `group` is the folder below `images/`, where there is one (a patient, a slide).
 */
export const folder: DatasetReader = {
  format: "folder",
  splits: [],
  detect: (paths) => scan(paths).items.filter((item) => item.annotation !== null).length,
  open: async (source, options = {}) => {
    let own: NamedSplit | undefined;
    return openScan(
      folder,
      source,
      options,
      async (paths) => {
        if (options.split === undefined) own = await readSplitFiles(source, paths);
        return scan(paths);
      },
      () => own,
    );
  },
};
