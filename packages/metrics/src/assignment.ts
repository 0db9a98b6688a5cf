/**
 * Maximum-weight one-to-one matching of a sparse bipartite graph: row `r` may take column `cols[k]` with gain `gains[k] > 0`
 * for `k` in `[start[r], start[r + 1])`, or stay alone with gain 0. Returns the chosen `k` of each row, or -1.
 * Shortest augmenting paths with potentials (Jonker and Volgenant's method on sparse rows): exact, and quick because a search
 * never leaves the cluster of instances that touch. The same optimum as SciPy's `linear_sum_assignment` over the full matrix.
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

  for (let root = 0; root < rows; root++) {
    u[root] = 0;
    for (let k = start[root]!; k < start[root + 1]!; k++) u[root] = Math.min(u[root]!, -gains[k]! - v[cols[k]!]!);
    const open: number[] = [];
    const closed: number[] = [];
    const scanned: number[] = [];
    rowDist[root] = 0;
    let row = root;
    let end = Number.POSITIVE_INFINITY; // length of the best path that ends with some row staying alone
    let alone = -1;
    let free = -1;
    while (true) {
      scanned.push(row);
      if (rowDist[row]! - u[row]! < end) {
        end = rowDist[row]! - u[row]!;
        alone = row;
      }
      for (let k = start[row]!; k < start[row + 1]!; k++) {
        const c = cols[k]!;
        const d = rowDist[row]! - gains[k]! - u[row]! - v[c]!;
        if (d >= dist[c]! || done[c] === 1) continue;
        if (dist[c] === Number.POSITIVE_INFINITY) open.push(c);
        dist[c] = d;
        via[c] = k;
        from[c] = row;
      }
      let near = -1;
      for (let o = 0; o < open.length; o++) if (near < 0 || dist[open[o]!]! < dist[open[near]!]!) near = o;
      if (near < 0 || dist[open[near]!]! >= end) break;
      const c = open[near]!;
      open[near] = open[open.length - 1]!;
      open.pop();
      closed.push(c);
      done[c] = 1;
      if (rowOf[c]! < 0) {
        free = c;
        end = dist[c]!;
        break;
      }
      row = rowOf[c]!;
      rowDist[row] = dist[c]!;
    }

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
    for (const c of open) dist[c] = Number.POSITIVE_INFINITY;
    for (const c of closed) {
      dist[c] = Number.POSITIVE_INFINITY;
      done[c] = 0;
    }
  }
  return chosen;
}
