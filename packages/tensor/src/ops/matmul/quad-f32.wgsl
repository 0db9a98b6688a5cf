// The end of a product on quads in general.

// One loop over a copy keeps the code small: so many inlined epilogues take long to compile.
fn finish(q: Quad, batch: u32, row: u32, col: u32, lane: u32) {
  let out = batch * p.m * p.n;
  var sums = quadSums(q);
  for (var i = 0u; i < 16u; i++) { put(row + quadRow(i / 4u, i % 4u, lane), col, out, sums[i]); }
}
