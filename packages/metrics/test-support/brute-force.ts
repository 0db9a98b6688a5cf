import type { LabelMap } from "../src/index";

/**
 * Every metric from its definition with sets of pixels and all-pairs distances: slow, and shares no code with the package.
 * AJI+ is a list, because several one-to-one pairings can have the same best sum of IoUs.
 */
export function bruteForce(pred: LabelMap, truth: LabelMap) {
  const P = instances(pred);
  const T = instances(truth);
  const p = union(P);
  const t = union(T);
  const both = common(p, t);
  const empty = p.size === 0 && t.size === 0;
  const precision = empty ? 1 : p.size === 0 ? 0 : both / p.size;
  const recall = empty ? 1 : t.size === 0 ? 0 : both / t.size;
  const matches = T.flatMap((a) => P.map((b) => jaccard(a, b))).filter((x) => x > 0.5);
  const dq = empty ? 1 : (2 * matches.length) / (P.length + T.length);
  const sq = empty ? 1 : matches.reduce((s, x) => s + x, 0) / (matches.length + 1e-6);
  const [hd, hd95] = distances(edge(p, pred), edge(t, truth), pred.width);
  return {
    dsc: empty ? 1 : (2 * both) / (p.size + t.size),
    iou: empty ? 1 : both / (p.size + t.size - both),
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    dscSmooth1: (2 * both + 1) / (p.size + t.size + 1),
    iouSmooth1: (both + 1) / (p.size + t.size - both + 1),
    hd: hd!,
    hd95: hd95!,
    aji: empty ? 1 : aggregatedJaccard(T, P),
    ajiPlus: empty ? [1] : bestPairings(T, P),
    dq,
    sq,
    pq: dq * sq,
    tp: matches.length,
    fp: P.length - matches.length,
    fn: T.length - matches.length,
  };
}

type Pixels = Set<number>;

/** Pixel sets, by ascending id. */
function instances({ data }: LabelMap): Pixels[] {
  const sets: Record<string, Pixels> = {};
  data.forEach((id, i) => {
    if (id !== 0) (sets[String(id)] ??= new Set()).add(i);
  });
  return Object.keys(sets)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => sets[id]!);
}

const union = (sets: Pixels[]): Pixels => new Set(sets.flatMap((s) => [...s]));
const common = (a: Pixels, b: Pixels): number => [...a].filter((i) => b.has(i)).length;
const jaccard = (a: Pixels, b: Pixels): number => common(a, b) / (a.size + b.size - common(a, b));

function edge(mask: Pixels, { width, height }: LabelMap): number[] {
  const has = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && mask.has(y * width + x);
  return [...mask].filter((i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return !(has(x - 1, y) && has(x + 1, y) && has(x, y - 1) && has(x, y + 1));
  });
}

function distances(a: number[], b: number[], width: number): [number, number] {
  if (a.length === 0 || b.length === 0) {
    const value = a.length === b.length ? Number.NaN : Number.POSITIVE_INFINITY;
    return [value, value];
  }
  const apart = (i: number, j: number) =>
    Math.hypot((i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width));
  const nearest = (from: number[], to: number[]) =>
    from.map((i) => Math.min(...to.map((j) => apart(i, j)))).sort((x, y) => x - y);
  const percentile95 = (sorted: number[]) => {
    const at = 0.95 * (sorted.length - 1);
    const low = sorted[Math.floor(at)]!;
    return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
  };
  const [ab, ba] = [nearest(a, b), nearest(b, a)];
  return [Math.max(ab.at(-1)!, ba.at(-1)!), Math.max(percentile95(ab), percentile95(ba))];
}

function aggregatedJaccard(T: Pixels[], P: Pixels[]): number {
  let inter = 0;
  let total = 0;
  const used = new Set<Pixels>();
  for (const t of T) {
    const score = (b: Pixels) => common(t, b) / (t.size + b.size - common(t, b) + 1e-6);
    const best = P.filter((b) => common(t, b) > 0).sort((x, y) => score(y) - score(x))[0]; // the sort is stable
    if (best) used.add(best);
    inter += best ? common(t, best) : 0;
    total += best ? t.size + best.size - common(t, best) : t.size;
  }
  for (const b of P) if (!used.has(b)) total += b.size;
  return inter / total;
}

/** AJI+ of every one-to-one pairing whose sum of IoUs is within rounding of the largest. */
function bestPairings(T: Pixels[], P: Pixels[]): number[] {
  const all = T.reduce((s, t) => s + t.size, 0) + P.reduce((s, b) => s + b.size, 0);
  const shared = T.map((t) => P.map((b) => common(t, b)));
  let best = 0;
  let found: { sum: number; value: number }[] = [];
  const visit = (i: number, taken: number, sum: number, inter: number): void => {
    if (i === T.length) {
      if (sum < best - 1e-9) return;
      best = Math.max(best, sum);
      found = found.filter((f) => f.sum >= best - 1e-9);
      found.push({ sum, value: inter / (all - inter) });
      return;
    }
    visit(i + 1, taken, sum, inter);
    P.forEach((b, j) => {
      const n = shared[i]![j]!;
      if (n > 0 && !(taken & (1 << j)))
        visit(i + 1, taken | (1 << j), sum + n / (T[i]!.size + b.size - n + 1e-6), inter + n);
    });
  };
  visit(0, 0, 0, 0);
  return found.map((f) => f.value);
}
