// The end of a product for four columns of a row: scale, bias and activation. Expects p (m, n, alpha, bias, act), bias and c.

fn put(row: u32, col: u32, base: u32, value: vec4f) {
  if (row >= p.m) { return; }
  var v = value * p.alpha;
  if (p.bias == 1u) { v += vec4f(bias[col], bias[col + 1u], bias[col + 2u], bias[col + 3u]); }
  if (p.bias == 2u) { v += bias[row]; }
  v = activate(v, p.act);
  let at = base + row * p.n + col;
  if (col + 3u < p.n) {
    c[at] = v.x; c[at + 1u] = v.y; c[at + 2u] = v.z; c[at + 3u] = v.w;
  } else {
    for (var j = 0u; j < p.n - col; j++) { c[at + j] = v[j]; }
  }
}
