import { cpus, platform, release, totalmem } from "node:os";
import { type DatasetItem, sha256Hex } from "@ama-sam/data";
import type { Device } from "@ama-sam/tensor";
import type { Config } from "ama-sam";
import packageJson from "../../../package.json" with { type: "json" };

/** What `env.json` says of a run besides its configuration: enough to repeat it or to explain why it differs. */
export interface Environment {
  started: string;
  version: string;
  adapter: { name: string; kind: string; vendor: string; architecture: string; abilities: object };
  node: string;
  system: string;
  cpus: string;
  memoryBytes: number;
  seeds: { weights: number; data: number };
  command: readonly string[];
  /** SHA-256 of the checkpoint that the weights came from. */
  baseSha256: string | null;
  /** SHA-256 of the image files by use, one over each list. */
  data: Record<string, string>;
}

/** Gathers the environment of a run. */
export async function environmentOf(
  device: Device,
  config: Config,
  command: readonly string[],
  data: Environment["data"],
  baseSha256: string | null,
): Promise<Environment> {
  const { name, kind, vendor, architecture } = device.info;
  const processors = cpus();
  return {
    started: new Date().toISOString(),
    version: packageJson.version,
    adapter: { name, kind, vendor, architecture, abilities: device.abilities },
    node: process.version,
    system: `${platform()} ${release()} ${process.arch}`,
    cpus: `${processors.length} x ${processors[0]?.model.trim() ?? "unknown"}`,
    memoryBytes: totalmem(),
    seeds: { weights: config.model.init.seed, data: config.train.seed },
    command,
    baseSha256,
    data,
  };
}

/** One hash over the bytes of every annotation file of a list, in order. */
export async function hashAnnotations(
  read: (path: string) => Promise<Uint8Array>,
  items: readonly DatasetItem[],
): Promise<string> {
  const hashes: string[] = [];
  for (const { id, annotation } of items)
    for (const path of annotation?.paths ?? []) hashes.push(`${id} ${path} ${await sha256Hex(await read(path))}`);
  return sha256Hex(new TextEncoder().encode(hashes.join("\n")));
}

/** One hash over the bytes of every image of a list, in order. */
export async function hashImages(
  read: (path: string) => Promise<Uint8Array>,
  items: readonly DatasetItem[],
): Promise<string> {
  const hashes: string[] = [];
  for (const item of items) hashes.push(`${item.id} ${await sha256Hex(await read(item.imagePath))}`);
  return sha256Hex(new TextEncoder().encode(hashes.join("\n")));
}
