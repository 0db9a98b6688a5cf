import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ByteSource } from "@ama-sam/checkpoint";

/** The checkpoint given on the command line, or `fallback` (a path in this repository), read piece by piece. */
export async function checkpointFile(fallback?: string): Promise<ByteSource | null> {
  const given = process.argv.slice(2).find((argument) => /\.(pth|pt|bin|safetensors)$/.test(argument));
  if (!given && !fallback) return null;
  const handle = await open(given ?? fileURLToPath(new URL(`../../../${fallback}`, import.meta.url)));
  const { size } = await handle.stat();
  return {
    size,
    read: async (offset, length) => (await handle.read(new Uint8Array(length), 0, length, offset)).buffer,
  };
}
