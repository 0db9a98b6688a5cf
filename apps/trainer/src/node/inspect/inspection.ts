/** What `ama-sam inspect` found at a path. */
export interface Inspection {
  kind:
    | "image"
    | "folder of images"
    | "configuration"
    | "data set"
    | "manifest"
    | "split file"
    | "scores"
    | "weights"
    | "checkpoint"
    | "run"
    | "folder of runs"
    | "evaluation"
    | "predictions";
  /** What `--json` prints besides. */
  facts: Record<string, unknown>;
  /** For people: begins with what it is, further lines are indented, ends with a line break. */
  text: string;
}

/** Everything that `inspect` takes, for help and for refusals. */
export const TAKES =
  "an image, a folder of images or of a data set, a manifest or split file (.json), a configuration (.yaml), weights (.pth, .safetensors), " +
  "per-image.csv, or the folder of a run, an evaluation, predictions or a checkpoint";

/** `train: 3, test: 1`. */
export const listed = (table: Readonly<Record<string, number>>): string =>
  Object.entries(table)
    .map(([key, n]) => `${key}: ${n}`)
    .join(", ");
