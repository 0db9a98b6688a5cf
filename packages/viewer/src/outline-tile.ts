import { instanceColor, type LabelInput, type Rgb } from "@ama-sam/instances";
import { ViewerError } from "./errors";

/** How the nuclei of a label map are painted. */
export interface OutlineStyle {
  /** `instance` (default): a colour of its own for each nucleus. */
  color?: "instance" | Rgb | ((id: number) => Rgb);
  /** Opacity of the inside, 0 (default) to 1. */
  fill?: number;
  /** Width of the outline in samples, 1 (default) to 4. */
  thickness?: number;
}

/** The part of a label map that a tile shows. */
export interface OutlineTileOptions extends OutlineStyle {
  /** A sample covers 2^level x 2^level pixels; negative levels are finer than the pixels. Default 0. */
  level?: number;
  /** Column and row of the first sample, in samples of the level. Default 0. */
  x?: number;
  y?: number;
  /** Samples across and down. Default: to the map's end. */
  width?: number;
  height?: number;
}

/** RGBA, row-major, not premultiplied. */
export interface OutlineTile {
  data: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
}

/**
 * Paints the outlines of a part of a label map into RGBA pixels, at any level of detail: the cost depends on the tile, not on the
 * number of nuclei. Outlines lie inside the nuclei and are `thickness` samples wide at every level. Draw it with any viewer.
 *
 * @throws ViewerError for labels that do not fill the map, or sizes that are no whole numbers
 */
export function outlineTile(labels: LabelInput, options: OutlineTileOptions = {}): OutlineTile {
  const { level = 0, x = 0, y = 0, color = "instance", fill = 0, thickness = 1 } = options;
  const { data, width: W, height: H } = labels;
  if (data.length !== W * H)
    throw new ViewerError(
      "outlineTile",
      "the labels do not fill the map",
      `${data.length} values for ${W} x ${H}`,
      `${W * H}`,
    );
  const step = 2 ** level;
  const width = options.width ?? Math.max(0, Math.ceil(W / step) - x);
  const height = options.height ?? Math.max(0, Math.ceil(H / step) - y);
  if (![level, x, y, width, height].every(Number.isInteger) || width < 0 || height < 0)
    throw new ViewerError(
      "outlineTile",
      "a size is no whole number",
      `level ${level}, ${x}, ${y}, ${width} x ${height}`,
      "integers",
    );
  const reach = Math.min(4, Math.max(1, Math.round(thickness)));

  // Labels of the tile with a margin, sampled at the centres; -1 outside of the image, so that its border is no outline.
  const stride = width + 2 * reach;
  const ids = new Float64Array(stride * (height + 2 * reach)).fill(-1);
  const columns = Int32Array.from({ length: stride }, (_, i) => Math.floor((x + i - reach + 0.5) * step));
  for (let j = 0; j < height + 2 * reach; j++) {
    const row = Math.floor((y + j - reach + 0.5) * step);
    if (row < 0 || row >= H) continue;
    for (let i = 0; i < stride; i++) {
      const column = columns[i]!;
      if (column >= 0 && column < W) ids[j * stride + i] = data[row * W + column]!;
    }
  }

  const out = new Uint8ClampedArray(4 * width * height);
  const inside = Math.round(255 * Math.min(1, Math.max(0, fill)));
  let last = 0;
  let rgb: Rgb = [0, 0, 0];
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      const at = (j + reach) * stride + i + reach;
      const id = ids[at]!;
      if (id <= 0) continue;
      const border = isBorder(ids, at, stride, reach);
      if (!border && inside === 0) continue;
      if (id !== last) {
        rgb = color === "instance" ? instanceColor(id) : typeof color === "function" ? color(id) : color;
        last = id;
      }
      const o = 4 * (j * width + i);
      out[o] = rgb[0];
      out[o + 1] = rgb[1];
      out[o + 2] = rgb[2];
      out[o + 3] = border ? 255 : inside;
    }
  }
  return { data: out, width, height };
}

/** Whether another nucleus or background lies within `reach` samples along the axes. */
function isBorder(ids: Float64Array, at: number, stride: number, reach: number): boolean {
  const id = ids[at]!;
  for (let r = 1; r <= reach; r++) {
    const [left, right, up, down] = [ids[at - r]!, ids[at + r]!, ids[at - r * stride]!, ids[at + r * stride]!];
    if (
      (left !== id && left >= 0) ||
      (right !== id && right >= 0) ||
      (up !== id && up >= 0) ||
      (down !== id && down >= 0)
    )
      return true;
  }
  return false;
}
