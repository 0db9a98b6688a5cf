import type { Element, Inputs, Sizes } from "../types";

// 3 x 3, padding 1: x [1, C, H, H], w [O, C, 3, 3], y [1, O, H, H].

export function convReference({ x, w }: Inputs, { C, H }: Sizes): Record<string, Element> {
  const y: Element = (i) => {
    const [o, r, c] = [Math.floor(i / H / H), Math.floor(i / H) % H, i % H];
    let sum = 0;
    for (let ci = 0; ci < C; ci++)
      for (let tap = 0; tap < 9; tap++) {
        const [row, col] = [r + Math.floor(tap / 3) - 1, c + (tap % 3) - 1];
        if (row >= 0 && row < H && col >= 0 && col < H)
          sum += x.data[(ci * H + row) * H + col] * w.data[(o * C + ci) * 9 + tap];
      }
    return sum;
  };
  return { y };
}

export function convGradReference({ x, w, gy }: Inputs, { C, O, H }: Sizes): Record<string, Element> {
  const dx: Element = (i) => {
    const [ci, r, c] = [Math.floor(i / H / H), Math.floor(i / H) % H, i % H];
    let sum = 0;
    for (let o = 0; o < O; o++)
      for (let tap = 0; tap < 9; tap++) {
        const [row, col] = [r - Math.floor(tap / 3) + 1, c - (tap % 3) + 1];
        if (row >= 0 && row < H && col >= 0 && col < H)
          sum += gy.data[(o * H + row) * H + col] * w.data[(o * C + ci) * 9 + tap];
      }
    return sum;
  };
  const dw: Element = (i) => {
    const [o, ci, tap] = [Math.floor(i / 9 / C), Math.floor(i / 9) % C, i % 9];
    let sum = 0;
    for (let r = 0; r < H; r++)
      for (let c = 0; c < H; c++) {
        const [row, col] = [r + Math.floor(tap / 3) - 1, c + (tap % 3) - 1];
        if (row >= 0 && row < H && col >= 0 && col < H)
          sum += gy.data[(o * H + r) * H + c] * x.data[(ci * H + row) * H + col];
      }
    return sum;
  };
  return { dx, dw };
}

// Transposed, 2 x 2, stride 2: x [1, C, H, H], w [C, O, 2, 2], y [1, O, 2 H, 2 H].

export function convTReference({ x, w }: Inputs, { C, O, H }: Sizes): Record<string, Element> {
  const W = 2 * H;
  const y: Element = (i) => {
    const [o, r, c] = [Math.floor(i / W / W), Math.floor(i / W) % W, i % W];
    const tap = (r & 1) * 2 + (c & 1);
    let sum = 0;
    for (let ci = 0; ci < C; ci++) sum += x.data[(ci * H + (r >> 1)) * H + (c >> 1)] * w.data[(ci * O + o) * 4 + tap];
    return sum;
  };
  return { y };
}

export function convTGradReference({ x, w, gy }: Inputs, { O, H }: Sizes): Record<string, Element> {
  const W = 2 * H;
  const at = (o: number, r: number, c: number, tap: number) =>
    gy.data[(o * W + 2 * r + (tap >> 1)) * W + 2 * c + (tap & 1)];
  const dx: Element = (i) => {
    const [ci, r, c] = [Math.floor(i / H / H), Math.floor(i / H) % H, i % H];
    let sum = 0;
    for (let o = 0; o < O; o++)
      for (let tap = 0; tap < 4; tap++) sum += at(o, r, c, tap) * w.data[(ci * O + o) * 4 + tap];
    return sum;
  };
  const dw: Element = (i) => {
    const [ci, o, tap] = [Math.floor(i / 4 / O), Math.floor(i / 4) % O, i % 4];
    let sum = 0;
    for (let r = 0; r < H; r++) for (let c = 0; c < H; c++) sum += x.data[(ci * H + r) * H + c] * at(o, r, c, tap);
    return sum;
  };
  return { dx, dw };
}
