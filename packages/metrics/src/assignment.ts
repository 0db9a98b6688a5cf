import { MinHeap } from "./min-heap";

/**
 * Maximum-weight one-to-one matching of a sparse bipartite graph: row `r` may take column `cols[k]` with gain `gains[k] > 0`
 * for `k` in `[start[r], start[r + 1])`, or stay alone with gain 0. Returns the chosen `k` of each row, or -1.
 * Shortest augmenting paths with potentials (Jonker and Volgenant's method on sparse rows): exact, and quick because a search
 * stays among instances that touch. The same optimum as SciPy's `linear_sum_assignment` over the full matrix.
 */
export function assign(start: Int32Array, cols: Int32Array, gains: Float64Array, columns: number): Int32Array {
  const rows = start.length - 1;
  const chosen = new Int32Array(rows).fill(-1);
  const rowOf = new Int32Array(columns).fill(-1);
  const u = new Float64Array(rows); // -gain - u - v >= 0, and 0 on chosen edges
  const v = new Float64Array(columns);
  const dist = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const rowDist = new Float64Array(rows);
  const via = new Int32Array(columns); // edge by which the search reached a column
  const from = new Int32Array(columns); // row that edge starts at
  const done = new Uint8Array(columns); // columns whose distance is final
  const open = new MinHeap();

  for (let root = 0; root < rows; root++) {
    u[root] = 0;
    for (let k = start[root]!; k < start[root + 1]!; k++) u[root] = Math.min(u[root]!, -gains[k]! - v[cols[k]!]!);
    const touched: number[] = [];
    const closed: number[] = [];
    const scanned: number[] = [];
    // The best path so far ends at a free column or with some row staying alone; longer ones are not followed.
    let end = Number.POSITIVE_INFINITY;
    let alone = -1;
    let free = -1;
    rowDist[root] = 0;
    for (let row = root; row >= 0; ) {
      scanned.push(row);
      const slack = rowDist[row]! - u[row]!;
      if (slack < end) {
        end = slack;
        alone = row;
        free = -1;
      }
      for (let k = start[row]!; k < start[row + 1]!; k++) {
        const c = cols[k]!;
        const d = slack - gains[k]! - v[c]!;
        if (d >= end || d >= dist[c]! || done[c] === 1) continue;
        if (dist[c] === Number.POSITIVE_INFINITY) touched.push(c);
        dist[c] = d;
        via[c] = k;
        from[c] = row;
        if (rowOf[c]! >= 0) open.push(d, c);
        else {
          end = d;
          free = c;
        }
      }
      row = -1;
      while (row < 0 && open.least < end) {
        const c = open.pop();
        if (done[c] === 1) continue;
        closed.push(c);
        done[c] = 1;
        row = rowOf[c]!;
        rowDist[row] = dist[c]!;
      }
    }
    open.clear();

    for (const r of scanned) u[r]! += end - rowDist[r]!;
    for (const c of closed) v[c]! += dist[c]! - end;
    // Walk back to the root; each row on the way takes the column that was reached through it.
    let column = free;
    if (free < 0) {
      column = alone === root ? -1 : cols[chosen[alone]!]!;
      chosen[alone] = -1;
    }
    while (column >= 0) {
      const r = from[column]!;
      const before = r === root ? -1 : cols[chosen[r]!]!;
      chosen[r] = via[column]!;
      rowOf[column] = r;
      column = before;
    }
    for (const c of touched) dist[c] = Number.POSITIVE_INFINITY;
    for (const c of closed) done[c] = 0;
  }
  return chosen;
}
