import type { Raster } from "../decode";
import type { FileSource } from "../source/file-source";
import type { NamedSplit, SplitFile } from "./splits";

/** The layouts that `openDataset` knows; `folder` is a plain `images/` + `labels/` (or `masks/`) tree. */
export type DatasetFormat = "monuseg" | "tnbc" | "cryonuseg" | "cpm17" | "unsam" | "dsb2018" | "folder";

/** One thing that a user should know about a file: an error makes the item unusable, a warning does not. */
export interface Finding {
  level: "error" | "warning";
  /** Stable name of the kind of problem, such as `unpaired-image`, `size-mismatch`, `empty-label`, `overlap`, `odd-channels`. */
  code: string;
  message: string;
  path?: string;
}

/**
 * Where an item's nuclei are written, and how to read them.
 *
 * - `image-scope-xml`: polygons; first region wins, regions under three vertices are dropped.
 * - `geojson`: polygons with holes as QuPath exports them, also gzip; first feature wins, points and lines are dropped.
 * - `label-image`: a grey PNG or TIFF (or npy) whose values are nucleus ids; ids may have gaps.
 * - `mask-image`: foreground > 0; nuclei are 8-connected components, so touching ones merge.
 * - `mask-or-label-image`: what a user's `masks/` folder may hold: one foreground value is a mask, several are ids.
 * - `mat`: MATLAB v5 file with the variable `inst_map`.
 * - `instance-masks`: one file per nucleus.
 */
export interface Annotation {
  kind: "image-scope-xml" | "geojson" | "label-image" | "mask-image" | "mask-or-label-image" | "mat" | "instance-masks";
  paths: readonly string[];
}

/** What is known of an image before it is read; plain data, so it can travel to a worker or into a manifest. */
export interface ItemRecord {
  /** Unique in its data set. */
  id: string;
  split?: string;
  /** What must not be shared between train and test: the patient, the slide or the organ. */
  group?: string;
  imagePath: string;
  /** `null` for an image that nobody annotated. */
  annotation: Annotation | null;
}

/** An `ItemRecord` that can load itself from its data set's source. */
export interface DatasetItem extends ItemRecord {
  load(): Promise<Sample>;
}

/**
 * One decoded image with its nuclei.
 *
 * `image` is 8-bit RGB, [H, W, 3]; `labels` is [H, W], 0 = background; `mask` is [H, W], 1 where a label is.
 * Both are `null` only where the item has no annotation.
 */
export interface Sample {
  id: string;
  image: Raster;
  labels: Uint32Array | null;
  mask: Uint8Array | null;
  /** `components` says that the ids are connected components of a semantic mask: touching nuclei count as one. */
  instanceKind: "instances" | "components";
  /** Number of different non-zero labels. */
  nuclei: number;
  micronsPerPixel?: number;
  warnings: Finding[];
}

/** An opened data set: its items in a fixed order (by id), and what was wrong with the tree. */
export interface Dataset {
  name: string;
  format: DatasetFormat;
  items: DatasetItem[];
  /** Name of the split that set `items[i].split`, or `folders` where the tree itself says it; undefined when nothing does. */
  splitName?: string;
  findings: Finding[];
  source: FileSource;
}

/** Options of `openDataset` and of every reader's `open`. */
export interface OpenOptions {
  /** Name of the data set in reports; default: the format. */
  name?: string;
  /** A split by name (see the reader), or a split file that replaces it. */
  split?: string | SplitFile;
  /** Refuse images with more pixels than this before decoding; default 89.5 million. */
  maxPixels?: number;
  /** CryoNuSeg: whose maps to read; default `1`. */
  annotator?: "1" | "1-second" | "2";
  /** UN-SAM's layout: the name of one of its data sets; default: all. */
  set?: string;
  /** Keep images without annotation (their `labels` and `mask` are null); by default they are reported and left out. */
  includeUnlabelled?: boolean;
}

/** A data-set layout: how to recognise it, pair its files and split it. One per file in `datasets/`. */
export interface DatasetReader {
  format: DatasetFormat;
  /** Named splits; the first is the default where no folder says otherwise. */
  splits: readonly NamedSplit[];
  /** How many annotated images these paths hold in this layout; 0 = another layout. Paths must be free of junk files. */
  detect(paths: readonly string[]): number;
  open(source: FileSource, options?: OpenOptions): Promise<Dataset>;
}
