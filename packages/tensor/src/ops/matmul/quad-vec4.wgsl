// The end of a product on quads where rows are whole vec4 and no activation follows: a lane's four columns have one bias.

fn end(v: vec4f, row: u32, out: u32, add: vec4f) {
  if (row < p.m) { c[out + row * (p.n / 4u)] = v * p.alpha + add; }
}

// Written out or in a loop over a copy: which of them leaves more registers to the sums depends on how b is read (1.02 to 1.1 times as
// fast each way).
fn finish(q: Quad, batch: u32, row: u32, col: u32, lane: u32) {
  let out = (batch * p.m * p.n + col) / 4u;
  var add = vec4f();
  if (p.bias == 1u) { add = bias[col / 4u]; }
  if (TB) {
    end(q.s0_0, row + quadRow(0u, 0u, lane), out, add); end(q.s0_1, row + quadRow(0u, 1u, lane), out, add); end(q.s0_2, row + quadRow(0u, 2u, lane), out, add); end(q.s0_3, row + quadRow(0u, 3u, lane), out, add);
    end(q.s1_0, row + quadRow(1u, 0u, lane), out, add); end(q.s1_1, row + quadRow(1u, 1u, lane), out, add); end(q.s1_2, row + quadRow(1u, 2u, lane), out, add); end(q.s1_3, row + quadRow(1u, 3u, lane), out, add);
    end(q.s2_0, row + quadRow(2u, 0u, lane), out, add); end(q.s2_1, row + quadRow(2u, 1u, lane), out, add); end(q.s2_2, row + quadRow(2u, 2u, lane), out, add); end(q.s2_3, row + quadRow(2u, 3u, lane), out, add);
    end(q.s3_0, row + quadRow(3u, 0u, lane), out, add); end(q.s3_1, row + quadRow(3u, 1u, lane), out, add); end(q.s3_2, row + quadRow(3u, 2u, lane), out, add); end(q.s3_3, row + quadRow(3u, 3u, lane), out, add);
  } else {
    var sums = quadSums(q);
    for (var i = 0u; i < 16u; i++) { end(sums[i], row + quadRow(i / 4u, i % 4u, lane), out, add); }
  }
}
