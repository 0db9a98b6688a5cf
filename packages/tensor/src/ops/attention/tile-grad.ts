import { defineKernel } from "../../kernel/define-kernel";
import tileLibWgsl from "../../kernel/lib/tile.wgsl";
import gradWgsl from "./attention-grad-tile.wgsl";
import { gradVariants, type Writer, writtenUniforms } from "./pieces";
import writtenWgsl from "./written.wgsl";

/** Rows, columns and steps of a tile: 64 lanes, each with 8 x 8 sums. */
const TILE = 64;
const BK = 8;
/** Bytes of scores and their gradients that are there at a time: a large card's cache keeps them. */
const PIECE_BYTES = 32 * 2 ** 20;
/**
 * Tiles that keep a large card of 130 multiprocessors busy. A piece has few queries of as many heads as give their keys so many tiles.
 * The queries themselves have less: the terms of their gradients, all keys, are cut into parts of at least so many.
 */
const ENOUGH_TILES = 256;
const LEAST_TERMS = 256;

export const attentionGradTileKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-tile",
  source: [writtenWgsl, tileLibWgsl, gradWgsl],
  params: {
    TM: [TILE],
    TN: [TILE],
    BK: [BK],
    ROLLED: [false, true],
    TA: [false, true],
    TB: [false, true],
    END: [0, 3, 4],
    REL: [false, true],
  },
  variants: () => gradVariants().flatMap((it) => [false, true].map((ROLLED) => ({ ...it, ROLLED }))),
  uniforms: writtenUniforms,
});

/**
 * Products on tiles in workgroup memory. Gradients have five products where scores are written out and seven where they are made again,
 * and these here take twice as many sums from a read of workgroup memory as kernels that make them again could. A piece is small
 * enough that a large card's cache keeps it, and large enough that a launch takes longer than it takes to start.
 */
export const tileWriter: Writer = {
  tile: TILE,
  pieceBytes: PIECE_BYTES,
  headsOf: (keys) => Math.ceil(ENOUGH_TILES / Math.ceil(keys / TILE)),
  partsOf: (tiles, terms) => Math.max(1, Math.min(Math.ceil(ENOUGH_TILES / tiles), Math.floor(terms / LEAST_TERMS))),
  run: ({ c }, { tensors, uniforms, groups, params, flops, bytes }) => {
    const { device } = c.tensor;
    const all = { ...params, ROLLED: device.info.kind === "software" };
    attentionGradTileKernel.run(device, tensors, { ...uniforms, bk: BK }, groups, all, flops, bytes);
  },
};
