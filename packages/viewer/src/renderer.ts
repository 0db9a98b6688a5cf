import type { LabelInput } from "@ama-sam/instances";
import type { ImagePyramid } from "./image-pyramid";
import { type OutlineStyle, outlineTile } from "./outline-tile";
import { TILE, TileCache, type TileCanvas, type TileKey, tileCanvas } from "./tile-cache";
import { coarsestLevel, levelFor, type View } from "./view";

/** Nuclei drawn over the image. */
export interface Layer extends OutlineStyle {
  labels: LabelInput;
  /** 0 to 1. Default 1. */
  opacity?: number;
  /** Default true. */
  visible?: boolean;
}

/** A picture laid over the image at full resolution: the selection. */
export interface Highlight {
  canvas: TileCanvas;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Everything that a frame shows. */
export interface Scene {
  image: ImagePyramid | null;
  layers: ReadonlyMap<string, Layer>;
  highlight: Highlight | null;
  view: View;
}

/** Milliseconds a frame may spend on painting new tiles; what is left comes with the next frame. */
const BUDGET_MS = 10;
const IMAGE = "\u0000image";

/** Draws a scene from tiles: the cost of a frame depends on the screen alone. */
export class Renderer {
  readonly canvas: HTMLCanvasElement;
  readonly #cache = new TileCache();
  readonly #context: CanvasRenderingContext2D | null;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /** Fits the canvas to its place on the screen; true when its size changed. */
  resize(): boolean {
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (width === this.canvas.width && height === this.canvas.height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  /** Forgets painted tiles: of the image, of a layer, or of a part of a layer. */
  invalidate(layer: string | null, box?: { x0: number; y0: number; x1: number; y1: number }): void {
    this.#cache.drop(layer ?? IMAGE, box);
  }

  /** Draws; true when tiles are still missing and another frame should follow. */
  draw({ image, layers, highlight, view }: Scene): boolean {
    const context = this.#context;
    if (!context) return false;
    const { canvas } = this;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    const scale = view.scale * ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!image) return false;
    context.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
    const coarsest = coarsestLevel(image, TILE);
    const deadline = performance.now() + BUDGET_MS;
    context.imageSmoothingEnabled = scale < 2;
    let missing = this.#tiles(context, view, image, {
      layer: IMAGE,
      variant: 0,
      level: levelFor(scale, coarsest, 0),
      coarsest,
      deadline,
      paint: (level, x, y, w, h) => image.tile(level, x, y, w, h),
    });
    for (const [layer, style] of layers) {
      if (style.visible === false || style.opacity === 0) continue;
      context.globalAlpha = style.opacity ?? 1;
      const level = levelFor(scale, coarsest);
      // Outlines of about two screen pixels, whatever the size of a sample on the screen.
      const thickness = style.thickness ?? Math.max(1, Math.round((1.8 * ratio) / (scale * 2 ** level)));
      context.imageSmoothingEnabled = scale * 2 ** level < 1.5; // pixels stay pixels when they are large
      const more = this.#tiles(context, view, style.labels, {
        layer,
        variant: thickness,
        level,
        coarsest,
        deadline,
        paint: (level, x, y, width, height) =>
          outlineTile(style.labels, {
            ...style,
            thickness,
            level,
            x,
            y,
            width,
            height,
          }).data,
      });
      missing ||= more;
      context.globalAlpha = 1;
    }
    context.imageSmoothingEnabled = false;
    if (highlight) context.drawImage(highlight.canvas, highlight.x, highlight.y, highlight.width, highlight.height);
    return missing;
  }

  #tiles(
    context: CanvasRenderingContext2D,
    view: View,
    extent: { width: number; height: number },
    job: {
      layer: string;
      variant: number;
      level: number;
      coarsest: number;
      deadline: number;
      paint: (level: number, x: number, y: number, w: number, h: number) => Uint8ClampedArray<ArrayBuffer>;
    },
  ): boolean {
    const { layer, variant, level, coarsest, deadline, paint } = job;
    const side = TILE * 2 ** level;
    const [w, h] = [this.canvas.clientWidth / view.scale, this.canvas.clientHeight / view.scale];
    const range = (from: number, length: number, limit: number): [number, number] => [
      Math.max(0, Math.floor(from / side)),
      Math.min(Math.ceil(limit / side), Math.ceil((from + length) / side)),
    ];
    const [left, right] = range(view.x, w, extent.width);
    const [top, bottom] = range(view.y, h, extent.height);
    let missing = false;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const key = { layer, variant, level, column, row };
        let canvas = this.#cache.get(key);
        // The first tile of a frame is always painted, so that slow machines make progress too.
        if (!canvas && (performance.now() < deadline || (!missing && level === coarsest))) {
          canvas = tileCanvas(paint(level, column * TILE, row * TILE, TILE, TILE), TILE, TILE);
          this.#cache.set(key, canvas);
        }
        if (canvas) context.drawImage(canvas, column * side, row * side, side, side);
        else {
          missing = true;
          this.#fallback(context, key, coarsest);
        }
      }
    }
    return missing;
  }

  /** Draws a part of a coarser tile where the right one is not painted yet. */
  #fallback(context: CanvasRenderingContext2D, key: TileKey, coarsest: number): void {
    const { level, column, row } = key;
    const side = TILE * 2 ** level;
    for (let up = 1; level + up <= coarsest; up++) {
      const factor = 2 ** up;
      const part = TILE / factor;
      if (part < 1) return;
      const above = { level: level + up, column: Math.floor(column / factor), row: Math.floor(row / factor) };
      const canvas = [key.variant, 1, 2, 3]
        .map((variant) => this.#cache.get({ ...key, ...above, variant }))
        .find(Boolean);
      if (!canvas) continue;
      context.drawImage(
        canvas,
        (column % factor) * part,
        (row % factor) * part,
        part,
        part,
        column * side,
        row * side,
        side,
        side,
      );
      return;
    }
  }
}
