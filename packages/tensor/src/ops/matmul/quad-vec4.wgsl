// The end of a product on quads where rows are whole vec4 and no activation follows: a lane's four columns have one bias.

// A loop over a copy: sixteen ends written out leave fewer registers to the sums.
fn finish(q: Quad, batch: u32, row: u32, col: u32, lane: u32) {
  let out = (batch * p.m * p.n + col) / 4u;
  let width = p.n / 4u;
  var add = vec4f();
  if (p.bias == 1u) { add = bias[col / 4u]; }
  var sums = quadSums(q);
  for (var i = 0u; i < 16u; i++) {
    let r = row + quadRow(i / 4u, i % 4u, lane);
    if (r < p.m) { c[out + r * width] = sums[i] * p.alpha + add; }
  }
}
