import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Shares } from "./compare";

/** What was recorded on an adapter. */
export interface SharesFile {
  adapter: string;
  /** Commit that was measured. */
  commit: string;
  shares: Shares;
}

/** Path of an adapter family's file. */
export const sharesPath = (family: string): string =>
  fileURLToPath(new URL(`../shares/${family}.json`, import.meta.url));

/** The recorded shares, or null where this adapter has none. */
export function readShares(family: string): SharesFile | null {
  const path = sharesPath(family);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as SharesFile) : null;
}

/** Writes shares with three digits, sorted by name: differences stay readable. */
export function writeShares(family: string, file: SharesFile): void {
  const entries = Object.entries(file.shares).sort(([a], [b]) => (a < b ? -1 : 1));
  const shares = Object.fromEntries(entries.map(([name, share]) => [name, Number(share.toPrecision(3))]));
  writeFileSync(sharesPath(family), `${JSON.stringify({ ...file, shares }, null, 2)}\n`);
}
