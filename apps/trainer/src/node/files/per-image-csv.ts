import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Evaluation, type EvaluationRow, METRICS } from "@ama-sam/metrics";
import { CommandError } from "../errors";
import { csvNumber, csvRow, parseCsv } from "../output/csv";

/** File of a run or evaluation folder that holds one row of metrics per image. */
export const PER_IMAGE_CSV = "per-image.csv";

const COUNTS = ["tp", "fp", "fn", "predPixels", "truthPixels", "bothPixels"] as const;

/** Columns after `image`: every metric, then the counts that pooled scores need. */
export const PER_IMAGE_COLUMNS: readonly (keyof Evaluation)[] = [...METRICS, ...COUNTS];

/** The per-image table as CSV. */
export function perImageCsv(rows: readonly EvaluationRow[]): string {
  const header = csvRow(["image", ...PER_IMAGE_COLUMNS]);
  return header + rows.map((row) => csvRow([row.image ?? "", ...PER_IMAGE_COLUMNS.map((name) => row[name])])).join("");
}

/**
 * Reads a per-image table: the file itself, or the folder of a run or evaluation that holds it.
 *
 * @throws CommandError for a missing file, missing columns, cells that are no numbers, or an image that comes twice
 */
export async function readPerImageCsv(path: string): Promise<EvaluationRow[]> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new CommandError(`${path}: no such file or folder`);
  const file = found.isDirectory() ? join(path, PER_IMAGE_CSV) : path;
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new CommandError(`${path}: no ${PER_IMAGE_CSV} in this folder`, {
      hint: "It is written by `ama-sam evaluate`, and at the end of `ama-sam train`.",
      cause,
    });
  });
  const [header, ...rows] = parseCsv(text);
  const missing = ["image", ...PER_IMAGE_COLUMNS].filter((name) => !header?.includes(name));
  if (!header || missing.length > 0)
    throw new CommandError(
      `${file}: no table of metrics per image. Missing column(s): ${missing.slice(0, 4).join(", ")}`,
    );
  if (rows.length === 0) throw new CommandError(`${file}: no image in this table`);
  const seen = new Set<string>();
  return rows.map((cells, i) => {
    const at = `${file}:${i + 2}`;
    if (cells.length !== header.length)
      throw new CommandError(`${at}: ${cells.length} cells. Expected ${header.length}`);
    const image = cells[header.indexOf("image")]!;
    if (seen.has(image)) throw new CommandError(`${at}: image ${JSON.stringify(image)} comes twice`);
    seen.add(image);
    const row: Record<string, number | string> = { image };
    for (const name of PER_IMAGE_COLUMNS) {
      const cell = cells[header.indexOf(name)]!;
      const value = csvNumber(cell);
      if (Number.isNaN(value) && cell !== "nan" && cell !== "")
        throw new CommandError(`${at}: ${name} is no number. Got ${JSON.stringify(cell)}`);
      row[name] = value;
    }
    return row as unknown as EvaluationRow;
  });
}
