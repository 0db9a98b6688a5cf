import { describe, expect, it } from "vitest";
import { LabelEditor } from "./label-editor";

const editor = () =>
  new LabelEditor({ data: Uint32Array.of(0, 1, 1, 0, 0, 2, 0, 0, 0), width: 3, height: 3, count: 2 });

describe("LabelEditor", () => {
  it("removes a nucleus and brings it back", () => {
    const e = editor();
    expect(e.remove(1)).toEqual({ x0: 1, y0: 0, x1: 3, y1: 1 });
    expect([...e.labels.data]).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0]);
    expect(e.labels.count).toBe(1);
    e.undo();
    expect([...e.labels.data]).toEqual([0, 1, 1, 0, 0, 2, 0, 0, 0]);
    expect(e.labels.count).toBe(2);
    e.redo();
    expect(e.labels.count).toBe(1);
    expect(e.remove(7)).toBeNull();
  });

  it("adds only where nothing is, with an id that no nucleus has", () => {
    const e = editor();
    const added = e.add({ x: 1, y: 0, width: 2, height: 2 }, [1, 1, 1, 1]);
    expect(added).toEqual({ id: 3, box: { x0: 1, y0: 1, x1: 2, y1: 2 } });
    expect([...e.labels.data]).toEqual([0, 1, 1, 0, 3, 2, 0, 0, 0]);
    expect(e.add({ x: 1, y: 0, width: 1, height: 1 }, [1])).toBeNull();
    e.undo();
    expect(e.canUndo).toBe(false);
    expect(e.labels.count).toBe(2);
  });

  it("forgets what was undone once something else is done", () => {
    const e = editor();
    e.remove(1);
    e.undo();
    e.remove(2);
    expect(e.canRedo).toBe(false);
  });
});
