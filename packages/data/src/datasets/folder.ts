import type { FileSource } from "../source/file-source";
import { baseName, dirName, extension, isImagePath, normalName, stem } from "../source/paths";
import type { Annotation, DatasetReader, ItemRecord } from "./dataset";
import { duplicateId, openScan, type Scan, secondAnnotation, unpairedAnnotation, unpairedImage } from "./pairing";
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
  if (/^(geo)?json(\.gz)?$/.test(ext)) return { kind: "geojson", paths: [path] };
  if (ext === "mat") return { kind: "mat", paths: [path] };
  if (ext === "npy") return { kind: "label-image", paths: [path] };
  return isImagePath(path)
    ? { kind: role === "label" ? "label-image" : "mask-or-label-image", paths: [path] }
    : undefined;
}

/** Plain `.json` may be any tool's file: it gives way to other annotations, and one without a picture is no slip. */
const isPlainJson = (path: string): boolean => /^json(\.gz)?$/.test(extension(path));

/**
 * `a_mask`, `a_masks`, `a_label`, `a_labels`, `a-mask` annotate `a`, as Cellpose and others name them; so does `a.tif`
 * (`a.tif.geojson`), as QuPath scripts do.
 */
const withoutSuffix = (key: string): string => key.replace(/([_-](masks?|labels?|cp_masks)|\.(png|tiff?|jpe?g))$/i, "");

interface Candidate {
  path: string;
  annotation: Annotation;
  role: Role;
}

/** Labels know the nuclei, masks only the foreground: labels win. Among equals the first path does. */
const beats = (next: Candidate, held: Candidate): boolean =>
  next.role === held.role ? isPlainJson(held.path) && !isPlainJson(next.path) : next.role === "label";

function scan(paths: readonly string[]): Scan {
  const images: { prefix: string; key: string; path: string }[] = [];
  const annotations = new Map<string, Candidate>();
  const unused: { name: string; path: string; role: Role }[] = [];
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
    const next: Candidate = { path, annotation, role: place.role };
    const held = annotations.get(name);
    const wins = held === undefined || beats(next, held);
    if (wins) annotations.set(name, next);
    if (held !== undefined) unused.push({ name, ...(wins ? held : next) });
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
      findings.push(unpairedImage(path, `${key}.png (or .tif, .npy, .mat, .xml, .geojson) in labels/ or masks/`));
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
    if (!used.has(name) && !isPlainJson(path))
      findings.push(unpairedAnnotation(path, "a picture of the same name in images/"));
  }
  for (const { name, path, role } of unused) {
    const taken = annotations.get(name)!;
    // A mask beside a label map is no slip: many tools write both.
    if (used.has(name) && role === taken.role) findings.push(secondAnnotation(path, taken.path));
  }
  return { items: [...items.values()], findings };
}

/** `splits.json`, but not the annotation of `splits.png` in labels/. */
function isSplitFile(path: string, paths: readonly string[]): boolean {
  if (baseName(path) !== "splits.json") return false;
  const role = placeOf(path)?.role;
  if (role === undefined || role === "image") return true;
  // A whole data set may lie in a folder of that name.
  return paths.some((other) => other.startsWith(`${dirName(path)}/`) && placeOf(other)?.role === "image");
}

/** `splits.json` beside an `images/` folder says which of its images train and which test. */
async function readSplitFiles(source: FileSource, paths: readonly string[]): Promise<NamedSplit | undefined> {
  const merged: Record<string, SplitEntry[]> = {};
  let name: string | undefined;
  for (const path of paths.filter((path) => isSplitFile(path, paths))) {
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
 * A user's own folder: `images/` with `labels/` (nucleus ids, or outlines as ImageScope XML or GeoJSON) or `masks/`
 * (foreground, or ids where there are several values), at top level or below others (`train/images`, `valid/images`,
 * `<domain>/images`), nested alike.
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
