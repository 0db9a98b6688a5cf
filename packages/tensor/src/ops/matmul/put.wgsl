// The end of a product for four columns of a row: scale, bias and activation. Expects p (m, n, alpha, bias, act), bias and c.

fn put(row: u32, col: u32, base: u32, value: vec4f) {
  if (row >= p.m) { return; }
  var v = value * p.alpha;
  if (p.bias == 1u) { v += vec4f(bias[col], bias[col + 1u], bias[col + 2u], bias[col + 3u]); }
  if (p.bias == 2u) { v += bias[row]; }
  putPlain(base + row * p.n + col, p.n - col, activate(v, p.act));
}

// Four columns of a row, of which `room` are in the matrix.
fn putPlain(at: u32, room: u32, v: vec4f) {
  if (room > 3u) {
    c[at] = v.x; c[at + 1u] = v.y; c[at + 2u] = v.z; c[at + 3u] = v.w;
  } else {
    for (var j = 0u; j < room; j++) { c[at + j] = v[j]; }
  }
}
