import { type Box, findInstances, type LabelMap } from "@ama-sam/instances";

/** Pixels that an edit changed; `x1`, `y1` are behind the last. */
export interface ChangedBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

interface Edit {
  at: Uint32Array;
  before: Uint32Array;
  after: Uint32Array;
  box: ChangedBox;
  /** By how much the number of nuclei changed. */
  delta: number;
}

/** Nuclei that can be removed and added, with undo and redo. Edits write into the given labels. */
export class LabelEditor {
  readonly #data: Uint32Array;
  readonly #width: number;
  readonly #height: number;
  #count: number;
  #largest = 0;
  readonly #done: Edit[] = [];
  readonly #undone: Edit[] = [];

  constructor({ data, width, height, count }: LabelMap) {
    this.#data = data;
    this.#width = width;
    this.#height = height;
    this.#count = count;
    for (let i = 0; i < data.length; i++) if (data[i]! > this.#largest) this.#largest = data[i]!;
  }

  /** The labels as they are now; the array is the one that is edited. */
  get labels(): LabelMap {
    return { data: this.#data, width: this.#width, height: this.#height, count: this.#count };
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Whether anything was edited. */
  get isEdited(): boolean {
    return this.canUndo;
  }

  /** Areas in pixels, by nucleus. */
  areas(): Float64Array {
    return findInstances(this.labels).area;
  }

  /** Removes a nucleus; null where there is none of that id. */
  remove(id: number): ChangedBox | null {
    const at: number[] = [];
    for (let i = 0; i < this.#data.length; i++) if (this.#data[i] === id) at.push(i);
    return id > 0 && at.length > 0 ? this.#do(at, 0, -1) : null;
  }

  /** Adds a nucleus where a mask is set and no other nucleus is; null when nothing is left of it. */
  add(box: Box, mask: ArrayLike<number>): { id: number; box: ChangedBox } | null {
    const at: number[] = [];
    for (let y = 0; y < box.height; y++)
      for (let x = 0; x < box.width; x++) {
        const i = (box.y + y) * this.#width + box.x + x;
        if (mask[y * box.width + x] && this.#data[i] === 0) at.push(i);
      }
    if (at.length === 0) return null;
    const id = ++this.#largest;
    return { id, box: this.#do(at, id, 1) };
  }

  undo(): ChangedBox | null {
    const edit = this.#done.pop();
    if (!edit) return null;
    this.#undone.push(edit);
    return this.#write(edit, edit.before, -edit.delta);
  }

  redo(): ChangedBox | null {
    const edit = this.#undone.pop();
    if (!edit) return null;
    this.#done.push(edit);
    return this.#write(edit, edit.after, edit.delta);
  }

  #do(at: number[], id: number, delta: number): ChangedBox {
    const box = { x0: this.#width, y0: this.#height, x1: 0, y1: 0 };
    for (const i of at) {
      const [x, y] = [i % this.#width, Math.floor(i / this.#width)];
      box.x0 = Math.min(box.x0, x);
      box.y0 = Math.min(box.y0, y);
      box.x1 = Math.max(box.x1, x + 1);
      box.y1 = Math.max(box.y1, y + 1);
    }
    const edit = {
      at: Uint32Array.from(at),
      before: Uint32Array.from(at, (i) => this.#data[i]!),
      after: new Uint32Array(at.length).fill(id),
      box,
      delta,
    };
    this.#done.push(edit);
    this.#undone.length = 0;
    return this.#write(edit, edit.after, delta);
  }

  #write({ at, box }: Edit, values: Uint32Array, delta: number): ChangedBox {
    for (let k = 0; k < at.length; k++) this.#data[at[k]!] = values[k]!;
    this.#count += delta;
    return box;
  }
}
