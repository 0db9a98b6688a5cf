import { panBy, type View, zoomAt } from "./view";

/** What a press and drag does: move the image, give a point or a box, or draw around something. */
export type Tool = "pan" | "point" | "draw";

/** What the pointer tells; coordinates are image pixels. */
export interface PointerActions {
  view(): View;
  minScale(): number;
  tool(): Tool;
  toImage(sx: number, sy: number): [number, number];
  setView(view: View): void;
  click(x: number, y: number, keys: { shift: boolean; alt: boolean }): void;
  box(x0: number, y0: number, x1: number, y1: number): void;
  path(points: [number, number][]): void;
  /** The box or path being drawn, for feedback; null when it ends. */
  sketch(points: [number, number][] | null, closed: boolean): void;
}

/** Screen pixels up to which a press is a click. */
const CLICK_PX = 4;

/** Mouse, pen and touch on a canvas: drag, wheel, pinch, click, box, path. Returns a function that takes all of it off again. */
export function listenPointer(canvas: HTMLCanvasElement, actions: PointerActions): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number; moved: boolean; pan: boolean } | null = null;
  let trail: [number, number][] = [];
  let pinch = 0;
  const at = (event: PointerEvent | WheelEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const image = (p: { x: number; y: number }): [number, number] => actions.toImage(p.x, p.y);
  const span = (): { distance: number; x: number; y: number } => {
    const [a, b] = [...pointers.values()] as [{ x: number; y: number }, { x: number; y: number }];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  const reset = (): void => {
    start = null;
    trail = [];
    actions.sketch(null, false);
  };

  const down = (event: PointerEvent): void => {
    if (event.button > 1) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 2) {
      pinch = span().distance;
      reset();
    } else if (pointers.size === 1) {
      const p = at(event);
      start = { ...p, moved: false, pan: actions.tool() === "pan" || event.button === 1 };
      trail = [image(p)];
    }
  };
  const move = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const p = at(event);
    if (pointers.size === 2) {
      const old = span();
      pointers.set(event.pointerId, p);
      const { distance, x, y } = span();
      const panned = panBy(actions.view(), old.x - x, old.y - y);
      actions.setView(zoomAt(panned, distance / Math.max(1, pinch), x, y, { min: actions.minScale() }));
      pinch = distance;
      return;
    }
    pointers.set(event.pointerId, p);
    if (!start) return;
    start.moved ||= Math.hypot(p.x - start.x, p.y - start.y) > CLICK_PX;
    if (!start.moved) return;
    if (start.pan) actions.setView(panBy(actions.view(), before.x - p.x, before.y - p.y));
    else if (actions.tool() === "draw") {
      trail.push(image(p));
      actions.sketch(trail, false);
    } else actions.sketch(corners(trail[0]!, image(p)), true);
  };
  const up = (event: PointerEvent): void => {
    const known = pointers.delete(event.pointerId);
    if (!known || !start) return;
    const p = at(event);
    const [x, y] = image(p);
    const { moved, pan } = start;
    const path = trail;
    reset();
    if (!moved) actions.click(x, y, { shift: event.shiftKey, alt: event.altKey });
    else if (!pan && actions.tool() === "draw") actions.path([...path, [x, y]]);
    else if (!pan) {
      const [x0, y0] = path[0]!;
      actions.box(Math.min(x0, x), Math.min(y0, y), Math.max(x0, x), Math.max(y0, y));
    }
  };
  const cancel = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    reset();
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const p = at(event);
    // Lines and pages (Firefox) to pixels; a pinch on a touchpad comes as a wheel with ctrl and small steps.
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const speed = event.ctrlKey ? 0.01 : 0.0015;
    actions.setView(
      zoomAt(actions.view(), Math.exp(-event.deltaY * unit * speed), p.x, p.y, { min: actions.minScale() }),
    );
  };
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", cancel);
  canvas.addEventListener("wheel", wheel, { passive: false });
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", cancel);
    canvas.removeEventListener("wheel", wheel);
  };
}

function corners([x0, y0]: [number, number], [x1, y1]: [number, number]): [number, number][] {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}
