import type { Manifest } from "../manifest";
import { mapKeys } from "./map-keys";

/** The published SAM encoders. Source: segment_anything's build_sam. */
export type SamVariant = "vit_b" | "vit_l" | "vit_h";

/** A published checkpoint: its encoder's sizes and the start of the SHA-256 that its file name carries. */
export interface KnownSam {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly globalBlocks: readonly number[];
  readonly fileName: string;
  readonly sha256Prefix: string;
}

/** Meta's three checkpoints. */
export const KNOWN: Readonly<Record<SamVariant, KnownSam>> = {
  vit_b: {
    width: 768,
    depth: 12,
    heads: 12,
    globalBlocks: [2, 5, 8, 11],
    fileName: "sam_vit_b_01ec64.pth",
    sha256Prefix: "01ec64",
  },
  vit_l: {
    width: 1024,
    depth: 24,
    heads: 16,
    globalBlocks: [5, 11, 17, 23],
    fileName: "sam_vit_l_0b3195.pth",
    sha256Prefix: "0b3195",
  },
  vit_h: {
    width: 1280,
    depth: 32,
    heads: 16,
    globalBlocks: [7, 15, 23, 31],
    fileName: "sam_vit_h_4b8939.pth",
    sha256Prefix: "4b8939",
  },
};

/** An encoder's configuration as its names and shapes give it away. */
export interface DetectedSam {
  /** Undefined for a SAM of other sizes (a small one trained from scratch, SlimSAM). */
  readonly variant: SamVariant | undefined;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Patch side in pixels. */
  readonly patch: number;
  /** Rows and columns of tokens: image size / patch. */
  readonly grid: readonly [number, number];
  /** Side of the attention windows in tokens; undefined where all blocks are global. */
  readonly window: number | undefined;
  readonly globalBlocks: readonly number[];
}

/** Recognises a SAM image encoder (SAM's or Hugging Face's names) by names and shapes alone; undefined for anything else. */
export function detectSam(manifest: Manifest): DetectedSam | undefined {
  const shapes = new Map<string, readonly number[]>();
  for (const [from, to] of mapKeys(manifest.keys())) {
    const entry = manifest.get(from) ?? [];
    shapes.set(to, "shape" in entry ? entry.shape : entry);
  }
  const position = shapes.get("image_encoder.pos_embed");
  const [width, , patch] = shapes.get("image_encoder.patch_embed.proj.weight") ?? [];
  if (position?.length !== 4 || width === undefined || patch === undefined || position[3] !== width) return undefined;
  const grid = [position[1] as number, position[2] as number] as const;
  const tables: number[] = [];
  let headWidth = 0;
  for (let block = 0; ; block++) {
    const [length, columns] = shapes.get(`image_encoder.blocks.${block}.attn.rel_pos_h`) ?? [];
    if (length === undefined || columns === undefined) break;
    tables.push(length);
    headWidth = columns;
  }
  if (tables.length === 0 || headWidth === 0 || width % headWidth !== 0) return undefined;
  const globalTable = 2 * grid[0] - 1;
  const globalBlocks = tables.flatMap((length, block) => (length === globalTable ? [block] : []));
  const windowed = tables.find((length) => length !== globalTable);
  const found = { width, depth: tables.length, heads: width / headWidth, globalBlocks };
  const variant = (Object.keys(KNOWN) as SamVariant[]).find((name) => {
    const known = KNOWN[name];
    return (
      known.width === found.width &&
      known.depth === found.depth &&
      known.heads === found.heads &&
      `${known.globalBlocks}` === `${globalBlocks}`
    );
  });
  return { variant, ...found, patch, grid, window: windowed === undefined ? undefined : (windowed + 1) / 2 };
}
