enable subgroups;
// The factors of the relative position bias for adapters with subgroups of one fixed size S: bias[q, kh] = q . h[qh - kh + H - 1]
// and bias[q, hp + kw] likewise. All heads of one token meet the same table rows: a subgroup owns 16 heads (of all images) of one
// token and 4 S columns, as in a matrix product. Columns past the grid become -1e30, so that no key there has weight.

const S: u32 = 8u; // lanes of a subgroup

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  h: u32, w: u32,
  hv: u32, biasRow: u32, // where the kw part of a row starts; length of a row; in vec4
  dv: u32, // head width in vec4
  blocks: u32, tiles: u32, // of 16 heads; of S columns
  wStart: u32, // where the table of w starts
  qBatch: u32, qHead: u32, qRow: u32, // strides in vec4
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, H * W, D] by strides
@group(0) @binding(1) var<storage, read> tables: array<vec4f>; // [H, D, hv] and [W, D, biasRow - hv] (rel-pos-expand)
@group(0) @binding(2) var<storage, read_write> bias: array<vec4f>; // [B * A, H * W, biasRow]
@group(0) @binding(3) var<uniform> p: Params;

fn queriesAt(at: Starts, d: u32) -> Fetched {
  if (S == 8u) { return Fetched(q[at[0] + d], q[at[1] + d], vec4f(), vec4f()); }
  return Fetched(q[at[0] + d], q[at[1] + d], q[at[2] + d], q[at[3] + d]);
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let n = p.h * p.w;
  let token = g / (p.blocks * p.tiles);
  if (token >= n) { return; }
  let first = (g / p.tiles) % p.blocks * 16u;
  let col = (g % p.tiles) * S + lane;
  let wv = p.biasRow - p.hv;
  let across = col >= p.hv;
  let from_col = min(col - select(0u, p.hv, across), select(p.hv, wv, across) - 1u);
  let step = select(p.hv, wv, across);
  var ti = select(token / p.w * p.dv * 4u * p.hv, p.wStart + token % p.w * p.dv * 4u * wv, across) + from_col;
  var start: Starts;
  for (var i = 0u; i < 16u / S; i++) {
    let head = min(first + i * S + lane, p.count - 1u);
    start[i] = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead + token * p.qRow;
  }
  let place = vec4u(0u, 1u, 2u, 3u) + from_col * 4u;
  var s = sameRows(select(vec4f(), vec4f(-1e30), place >= vec4u(select(p.h, p.w, across))));
  for (var d = 0u; d < p.dv; d++) {
    let table = mat4x4f(tables[ti], tables[ti + step], tables[ti + 2u * step], tables[ti + 3u * step]);
    s = mixFetched(table, queriesAt(start, d), s);
    ti += 4u * step;
  }
  for (var i = first; i < min(first + 16u, p.count); i++) {
    if (col < p.biasRow) { bias[(i * n + token) * p.biasRow + col] = s.r0; }
    s = turn(s);
  }
}
