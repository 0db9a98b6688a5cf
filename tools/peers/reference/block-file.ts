// The block's reference takes a minute at 1024 tokens: it is kept in a file for all libraries and runs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Inputs } from "../types";
import { BLOCK_OUTPUTS, type BlockResult, type BlockSizes, type BlockValues, trainBlock } from "./vit-block";

const folder = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url));
const lengths = ({ T, D, adapter }: BlockSizes) => [1, T * D, T * D, D * adapter, adapter, adapter * D, D];

/** The double result for these inputs, from the file or computed now. */
export function blockReference(sizes: BlockSizes, inputs: Inputs): BlockResult {
  const file = `${folder}block-${Object.values(sizes).join("-")}.f64`;
  const counts = lengths(sizes);
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (!existsSync(file)) {
    const values: BlockValues = Object.fromEntries(
      Object.entries(inputs).map(([name, { data }]) => [name, Float64Array.from(data)]),
    );
    const result = trainBlock(sizes, values);
    const all = new Float64Array(total);
    let at = 0;
    for (const name of BLOCK_OUTPUTS) {
      all.set(result[name], at);
      at += result[name].length;
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, new Uint8Array(all.buffer));
  }
  const bytes = readFileSync(file);
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  if (all.length !== total)
    throw new Error(`[blockReference] ${file} is damaged. Got ${all.length} values. Expected ${total}. Delete it.`);
  let at = 0;
  const parts = BLOCK_OUTPUTS.map((name, i) => [name, all.subarray(at, (at += counts[i]))] as const);
  return Object.fromEntries(parts) as BlockResult;
}
