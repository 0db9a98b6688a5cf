/** A binary heap of numbered items, smallest key first; an item may be pushed again with a smaller key. */
export class MinHeap {
  private readonly keys: number[] = [];
  private readonly items: number[] = [];

  /** The smallest key; `Infinity` if empty. */
  get least(): number {
    return this.keys[0] ?? Number.POSITIVE_INFINITY;
  }

  clear(): void {
    this.keys.length = 0;
    this.items.length = 0;
  }

  push(key: number, item: number): void {
    const { keys, items } = this;
    let at = items.length;
    for (; at > 0; ) {
      const up = (at - 1) >> 1;
      if (keys[up]! <= key) break;
      keys[at] = keys[up]!;
      items[at] = items[up]!;
      at = up;
    }
    keys[at] = key;
    items[at] = item;
  }

  /** Removes an item of smallest key; the heap must not be empty. */
  pop(): number {
    const { keys, items } = this;
    const first = items[0]!;
    const key = keys.pop()!;
    const item = items.pop()!;
    const n = items.length;
    if (n === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= n) break;
      if (down + 1 < n && keys[down + 1]! < keys[down]!) down++;
      if (keys[down]! >= key) break;
      keys[at] = keys[down]!;
      items[at] = items[down]!;
      at = down;
    }
    keys[at] = key;
    items[at] = item;
    return first;
  }
}
