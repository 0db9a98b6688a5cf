/** A picture that `drawImage` takes. */
export type TileCanvas = HTMLCanvasElement | OffscreenCanvas;

/** Side of a tile in samples. */
export const TILE = 512;

/** Where a tile is: layer, level, column, row. */
export interface TileKey {
  layer: string;
  /** Tiles of one layer that are painted differently: the width of outlines. */
  variant: number;
  level: number;
  column: number;
  row: number;
}

interface Entry extends TileKey {
  canvas: TileCanvas;
}

const name = ({ layer, variant, level, column, row }: TileKey): string =>
  `${layer}/${variant}/${level}/${column}/${row}`;

/** Painted tiles, the least recently used leave first. 160 tiles are about 170 MB. */
export class TileCache {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;

  constructor(limit = 160) {
    this.#limit = limit;
  }

  get(key: TileKey): TileCanvas | undefined {
    const id = name(key);
    const found = this.#entries.get(id);
    if (!found) return undefined;
    this.#entries.delete(id); // re-inserting makes it the youngest
    this.#entries.set(id, found);
    return found.canvas;
  }

  set(key: TileKey, canvas: TileCanvas): void {
    this.#entries.set(name(key), { ...key, canvas });
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(id);
    }
  }

  /** Forgets a layer, or what of it touches a box in image pixels (and one sample around it). */
  drop(layer: string, box?: { x0: number; y0: number; x1: number; y1: number }): void {
    for (const [id, entry] of this.#entries) {
      if (entry.layer !== layer) continue;
      const step = 2 ** entry.level;
      const side = TILE * step;
      const margin = 4 * Math.max(1, step);
      const [x, y] = [entry.column * side, entry.row * side];
      if (
        box &&
        (x > box.x1 + margin || y > box.y1 + margin || x + side < box.x0 - margin || y + side < box.y0 - margin)
      )
        continue;
      this.#entries.delete(id);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** A canvas of RGBA pixels. */
export function tileCanvas(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): TileCanvas {
  const canvas =
    typeof OffscreenCanvas === "undefined"
      ? Object.assign(document.createElement("canvas"), { width, height })
      : new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  context?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}
