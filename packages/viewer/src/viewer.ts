import { findInstances, type InstanceTable, type LabelInput } from "@ama-sam/instances";
import { ViewerError } from "./errors";
import { ImagePyramid, type ViewerImage } from "./image-pyramid";
import { listenPointer, type Tool } from "./pointer";
import { type Highlight, type Layer, Renderer } from "./renderer";
import { type Sketch, sketchCanvas } from "./sketch";
import { tileCanvas } from "./tile-cache";
import { clampView, type Extent, fitView, panBy, toImage, type View, zoomAt } from "./view";

/** What a viewer tells; coordinates are image pixels. */
export interface ViewerEvents {
  /** A nucleus was chosen by pointer or keyboard; 0 for none. */
  select: { id: number };
  /** A click with the tool `point`. */
  point: { x: number; y: number; shift: boolean; alt: boolean };
  /** A rectangle with the tool `point`. */
  box: { x0: number; y0: number; x1: number; y1: number };
  /** A closed line with the tool `draw`. */
  path: { points: [x: number, y: number][] };
  /** Delete or Backspace with a nucleus selected. */
  delete: { id: number };
  view: View;
}

/** Options of {@link createViewer}. */
export interface ViewerOptions {
  /** Read out by screen readers. Default "Image with nuclei". */
  label?: string;
  tool?: Tool;
  /** The layer whose nuclei can be selected. Default `nuclei`. */
  selectLayer?: string;
}

/** A picture with outlined nuclei in a host element. Make one with {@link createViewer}. */
export interface Viewer {
  readonly canvas: HTMLCanvasElement;
  readonly view: View;
  tool: Tool;
  /** Replaces the image and fits it; null empties the viewer. Layers of another size are removed. */
  setImage(image: ViewerImage | null): void;
  /** Adds, replaces or (null) removes a layer; layers are drawn in the order in which they came. */
  setLayer(name: string, layer: Layer | null): void;
  /** Changes how a layer looks. Opacity and visibility cost nothing. */
  styleLayer(name: string, style: Partial<Omit<Layer, "labels">>): void;
  /** Says that labels changed in place, in the given box of pixels or anywhere. */
  changed(name: string, box?: { x0: number; y0: number; x1: number; y1: number }): void;
  /** Selects a nucleus (0: none); `reveal` moves it into view. */
  select(id: number, options?: { reveal?: boolean }): void;
  readonly selected: number;
  setView(view: View): void;
  fit(): void;
  zoom(factor: number): void;
  on<K extends keyof ViewerEvents>(event: K, listener: (detail: ViewerEvents[K]) => void): () => void;
  /** Draws now instead of with the next frame; false when tiles are still missing. */
  drawNow(): boolean;
  /** Takes everything off the host. */
  dispose(): void;
}

const HELP =
  "Arrow keys move, plus and minus zoom, 0 shows everything, ] and [ go to the next and previous nucleus, Delete removes it, Escape deselects.";

/**
 * Shows an image with outlined nuclei in `host`, which decides the size. Any number of nuclei: outlines are raster tiles made for what
 * is on the screen, there is no DOM node per nucleus.
 */
export function createViewer(host: HTMLElement, options: ViewerOptions = {}): Viewer {
  const { label = "Image with nuclei", selectLayer = "nuclei" } = options;
  const canvas = document.createElement("canvas");
  const live = document.createElement("div");
  const help = document.createElement("div");
  const hidden = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";
  canvas.style.cssText = "display:block;width:100%;height:100%;touch-action:none;outline-offset:-2px";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", label);
  help.id = `ama-sam-viewer-${Math.random().toString(36).slice(2)}`;
  help.textContent = HELP;
  canvas.setAttribute("aria-describedby", help.id);
  live.setAttribute("aria-live", "polite");
  live.style.cssText = help.style.cssText = hidden;
  const wrap = document.createElement("div");
  wrap.style.cssText = "position:relative;width:100%;height:100%;overflow:hidden";
  wrap.append(canvas, help, live);
  host.append(wrap);

  const renderer = new Renderer(canvas);
  const layers = new Map<string, Layer>();
  const listeners = new Map<keyof ViewerEvents, Set<(detail: never) => void>>();
  let image: ImagePyramid | null = null;
  let view: View = { x: 0, y: 0, scale: 1 };
  let fitted = true;
  let tool: Tool = options.tool ?? "pan";
  let selected = 0;
  let highlight: Highlight | null = null;
  let table: { labels: LabelInput; table: InstanceTable } | null = null;
  let sketch: Sketch | null = null;
  let frame = 0;

  const screen = (): Extent => ({ width: Math.max(1, canvas.clientWidth), height: Math.max(1, canvas.clientHeight) });
  const minScale = (): number => (image ? fitView(image, screen()).scale / 2 : 0.01);
  const emit = <K extends keyof ViewerEvents>(event: K, detail: ViewerEvents[K]): void => {
    for (const listener of listeners.get(event) ?? []) (listener as (detail: ViewerEvents[K]) => void)(detail);
  };
  const drawNow = (): boolean => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (renderer.resize() && image && fitted) view = fitView(image, screen());
    const missing = renderer.draw({ image, layers, highlight, view });
    if (sketch) sketchCanvas(canvas, view, sketch);
    if (missing) redraw();
    return !missing;
  };
  const redraw = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      drawNow();
    });
  };
  const setView = (next: View): void => {
    view = image ? clampView(next, image, screen()) : next;
    fitted = false;
    emit("view", view);
    redraw();
  };
  const instances = (): InstanceTable | null => {
    const labels = layers.get(selectLayer)?.labels;
    if (!labels) return null;
    if (table?.labels !== labels) table = { labels, table: findInstances(labels) };
    return table.table;
  };
  const say = (text: string): void => {
    live.textContent = text;
  };

  const select = (id: number, { reveal = false } = {}): void => {
    const known = id > 0 ? instances() : null;
    const k = known ? indexOf(known.ids, id) : -1;
    selected = k >= 0 ? id : 0;
    highlight = known && k >= 0 ? highlightOf(layers.get(selectLayer)!.labels, known, k) : null;
    if (known && k >= 0) {
      const [cx, cy] = [(known.x0[k]! + known.x1[k]!) / 2, (known.y0[k]! + known.y1[k]!) / 2];
      say(`Nucleus ${k + 1} of ${known.ids.length}, ${known.area[k]} pixels, at ${Math.round(cx)}, ${Math.round(cy)}.`);
      if (reveal) {
        const scale = Math.max(view.scale, Math.min(8, 80 / Math.max(1, known.x1[k]! - known.x0[k]!)));
        const { width, height } = screen();
        setView({ scale, x: cx - width / scale / 2, y: cy - height / scale / 2 });
      }
    } else if (id === 0) say("No nucleus selected.");
    emit("select", { id: selected });
    redraw();
  };
  const step = (by: 1 | -1): void => {
    const known = instances();
    if (!known || known.ids.length === 0) {
      say("No nuclei.");
      return;
    }
    const now = selected ? indexOf(known.ids, selected) : by > 0 ? -1 : 0;
    select(known.ids[(now + by + known.ids.length) % known.ids.length]!, { reveal: true });
  };

  const stopPointer = listenPointer(canvas, {
    view: () => view,
    minScale,
    tool: () => tool,
    toImage: (sx, sy) => toImage(view, sx, sy),
    setView,
    click: (x, y, keys) => {
      if (!image || x < 0 || y < 0 || x >= image.width || y >= image.height) return select(0);
      if (tool === "point") return emit("point", { x, y, ...keys });
      const labels = layers.get(selectLayer)?.labels;
      if (labels) select(labels.data[Math.floor(y) * labels.width + Math.floor(x)] ?? 0);
    },
    box: (x0, y0, x1, y1) => emit("box", { x0, y0, x1, y1 }),
    path: (points) => emit("path", { points }),
    sketch: (points, closed) => {
      sketch = points ? { points, closed } : null;
      redraw();
    },
  });
  const key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = screen();
    const far = event.shiftKey ? 0.5 : 0.12;
    const keys: Record<string, () => void> = {
      ArrowLeft: () => setView(panBy(view, -far * width, 0)),
      ArrowRight: () => setView(panBy(view, far * width, 0)),
      ArrowUp: () => setView(panBy(view, 0, -far * height)),
      ArrowDown: () => setView(panBy(view, 0, far * height)),
      "+": () => api.zoom(1.4),
      "=": () => api.zoom(1.4),
      "-": () => api.zoom(1 / 1.4),
      "0": () => api.fit(),
      "]": () => step(1),
      "[": () => step(-1),
      Escape: () => select(0),
      Delete: () => selected > 0 && emit("delete", { id: selected }),
      Backspace: () => selected > 0 && emit("delete", { id: selected }),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  canvas.addEventListener("keydown", key);
  const observer = new ResizeObserver(redraw);
  observer.observe(canvas);

  const api: Viewer = {
    canvas,
    get view() {
      return view;
    },
    get tool() {
      return tool;
    },
    set tool(next) {
      tool = next;
      canvas.style.cursor = next === "pan" ? "grab" : "crosshair";
    },
    get selected() {
      return selected;
    },
    setImage(next) {
      image = next ? new ImagePyramid(next) : null;
      renderer.invalidate(null);
      for (const [name, { labels }] of [...layers])
        if (!image || labels.width !== image.width || labels.height !== image.height) api.setLayer(name, null);
      fitted = true;
      renderer.resize();
      if (image) view = fitView(image, screen());
      redraw();
    },
    setLayer(name, layer) {
      if (layer && image && (layer.labels.width !== image.width || layer.labels.height !== image.height))
        throw new ViewerError(
          "setLayer",
          "labels and image differ in size",
          `labels ${layer.labels.width} x ${layer.labels.height}`,
          `${image.width} x ${image.height}`,
        );
      if (layer) layers.set(name, layer);
      else layers.delete(name);
      renderer.invalidate(name);
      if (name === selectLayer) {
        table = null;
        if (selected) select(0);
      }
      redraw();
    },
    styleLayer(name, style) {
      const before = layers.get(name);
      if (!before) return;
      layers.set(name, { ...before, ...style });
      const painted = ["color", "fill", "thickness"] as const;
      if (painted.some((part) => part in style && style[part] !== before[part])) renderer.invalidate(name);
      redraw();
    },
    changed(name, box) {
      renderer.invalidate(name, box);
      if (name === selectLayer) {
        table = null;
        if (selected) select(0);
      }
      redraw();
    },
    select,
    setView,
    fit() {
      if (image) view = fitView(image, screen());
      fitted = true;
      emit("view", view);
      redraw();
    },
    zoom(factor) {
      const { width, height } = screen();
      setView(zoomAt(view, factor, width / 2, height / 2, { min: minScale() }));
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set);
      set.add(listener as (detail: never) => void);
      return () => void set.delete(listener as (detail: never) => void);
    },
    drawNow,
    dispose() {
      cancelAnimationFrame(frame);
      observer.disconnect();
      stopPointer();
      canvas.removeEventListener("keydown", key);
      listeners.clear();
      layers.clear();
      wrap.remove();
    },
  };
  api.tool = tool;
  return api;
}

/** Index of an id in an ascending array, or -1. */
function indexOf(ids: Uint32Array, id: number): number {
  let [low, high] = [0, ids.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ids[middle] === id) return middle;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function highlightOf({ data, width }: LabelInput, table: InstanceTable, k: number): Highlight {
  const [x, y] = [table.x0[k]!, table.y0[k]!];
  const [w, h] = [table.x1[k]! - x, table.y1[k]! - y];
  const rgba = new Uint8ClampedArray(4 * w * h);
  for (let j = 0; j < h; j++)
    for (let i = 0; i < w; i++)
      if (data[(y + j) * width + x + i] === table.ids[k]) rgba.set([255, 230, 0, 130], 4 * (j * w + i));
  return { canvas: tileCanvas(rgba, w, h), x, y, width: w, height: h };
}
