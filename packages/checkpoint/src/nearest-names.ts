/** Names longer than this are compared by their ends only; parameter names differ where they end. */
const COMPARED_CHARS = 160;

/**
 * Levenshtein distance of two strings, or Infinity as soon as it must exceed `limit`.
 * Source: Wagner and Fischer, 1974, with Ukkonen's cut-off band.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return Number.POSITIVE_INFINITY;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let current = new Array<number>(b.length + 1).fill(0);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    current.fill(Number.POSITIVE_INFINITY);
    current[0] = i;
    let best = i;
    for (let j = from; j <= to; j++) {
      const swap = (previous[j - 1] as number) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      const cost = Math.min(swap, (previous[j] as number) + 1, (current[j - 1] as number) + 1);
      current[j] = cost;
      if (cost < best) best = cost;
    }
    if (best > limit) return Number.POSITIVE_INFINITY;
    [previous, current] = [current, previous];
  }
  const distance = previous[b.length] as number;
  return distance > limit ? Number.POSITIVE_INFINITY : distance;
}

/** Up to `count` candidates nearest to `name`, nearest first; none that differ in more than the `share` of its length. */
export function nearestNames(name: string, candidates: Iterable<string>, count: number, share = 0.4): string[] {
  const wanted = name.slice(-COMPARED_CHARS);
  const limit = Math.max(2, Math.floor(wanted.length * share));
  const found: { name: string; distance: number }[] = [];
  let tried = 0;
  for (const candidate of candidates) {
    if (++tried > 2000) break;
    const worst = found.length < count ? limit : (found[count - 1] as { distance: number }).distance - 1;
    const distance = editDistance(wanted, candidate.slice(-COMPARED_CHARS), worst);
    if (distance > worst) continue;
    found.push({ name: candidate, distance });
    found.sort((x, y) => x.distance - y.distance);
    found.length = Math.min(found.length, count);
  }
  return found.map((f) => f.name);
}
