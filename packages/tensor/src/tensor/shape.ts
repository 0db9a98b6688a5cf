import { ShapeError } from "../errors";

/** Sizes, outermost first; tensors are always contiguous, row-major. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = n;
    n *= shape[i];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** `[2, 3]` as text. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** NumPy's broadcasting rule. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (da !== db && da !== 1 && db !== 1) {
      throw new ShapeError(
        op,
        `shapes do not broadcast. Got a ${show(a)}, b ${show(b)}. Expected equal sizes or 1 from the right.`,
      );
    }
    out[i] = da === 1 ? db : da;
  }
  return out;
}

/** Strides of `shape` read as `target`: 0 along broadcast dimensions. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  return target.map((_, i) => {
    const j = i - (target.length - shape.length);
    return j < 0 || shape[j] === 1 ? 0 : strides[j];
  });
}

/** `-1` counts from the end. */
export function axisOf(op: string, axis: number, rank: number, name = "dim"): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= rank) {
    throw new ShapeError(
      op,
      `${name} is out of range. Got ${axis} for rank ${rank}. Expected ${-rank} to ${rank - 1}.`,
    );
  }
  return at;
}

/**
 * Checks a shape against letters, and gives their sizes: `expectShape("attention", "q", [2, 8, 5, 4], "B A N D")`.
 * A number in the pattern must match; a letter met before must have the same size.
 */
export function expectShape(
  op: string,
  name: string,
  shape: Shape,
  pattern: string,
  dims: Record<string, number> = {},
): Record<string, number> {
  const letters = pattern.split(/\s+/).filter(Boolean);
  const wrong = (): never => {
    const bound = Object.entries(dims)
      .filter(([k]) => letters.includes(k))
      .map(([k, v]) => `${k} = ${v}`);
    throw new ShapeError(
      op,
      `${name} has a wrong shape. Got ${show(shape)}. Expected [${letters.join(", ")}]${bound.length > 0 ? ` with ${bound.join(", ")}` : ""}.`,
    );
  };
  if (letters.length !== shape.length) wrong();
  letters.forEach((letter, i) => {
    const known = /^\d+$/.test(letter) ? Number(letter) : dims[letter];
    if (known === undefined) dims[letter] = shape[i];
    else if (known !== shape[i]) wrong();
  });
  return dims;
}
