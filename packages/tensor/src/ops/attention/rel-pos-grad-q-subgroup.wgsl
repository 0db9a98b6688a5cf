enable subgroups;
// Adds the relative position part of dq for adapters with subgroups of one fixed size S: sum over kh of dbias[q, kh]
// h[qh - kh + H - 1] plus the same over kw. A subgroup owns 16 heads (of all images) of one token and 4 S channels of their dq,
// which it reads and writes once.

const S: u32 = 8u; // lanes of a subgroup

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  h: u32, w: u32,
  hv: u32, biasRow: u32, // where the kw part of a row starts; length of a row; in vec4
  dv: u32, // head width in vec4
  blocks: u32, tiles: u32, // of 16 heads; of S columns
  qBatch: u32, qHead: u32, qRow: u32, // strides in vec4
}

@group(0) @binding(0) var<storage, read> dbias: array<vec4f>; // [B * A, H * W, biasRow]
@group(0) @binding(1) var<storage, read> tableH: array<vec4f>; // [2 H - 1, D]
@group(0) @binding(2) var<storage, read> tableW: array<vec4f>; // [2 W - 1, D]
@group(0) @binding(3) var<storage, read_write> dq: array<vec4f>; // [B, A, H * W, D] by strides
@group(0) @binding(4) var<uniform> p: Params;

// Table row of place j seen from place i, zero past the grid.
fn rowH(i: u32, j: u32, col: u32) -> vec4f {
  return select(vec4f(), tableH[(i + p.h - 1u - min(j, p.h - 1u)) * p.dv + col], j < p.h);
}
fn rowW(i: u32, j: u32, col: u32) -> vec4f {
  return select(vec4f(), tableW[(i + p.w - 1u - min(j, p.w - 1u)) * p.dv + col], j < p.w);
}

fn biasGradsAt(at: Starts, j: u32, inside: vec4<bool>) -> Fetched {
  let a = select(vec4f(), dbias[at[0] + j], inside);
  let b = select(vec4f(), dbias[at[1] + j], inside);
  if (S == 8u) { return Fetched(a, b, vec4f(), vec4f()); }
  return Fetched(a, b, select(vec4f(), dbias[at[2] + j], inside), select(vec4f(), dbias[at[3] + j], inside));
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let n = p.h * p.w;
  let token = g / (p.blocks * p.tiles);
  if (token >= n) { return; }
  let first = (g / p.tiles) % p.blocks * 16u;
  let col = (g % p.tiles) * S + lane;
  let c = min(col, p.dv - 1u);
  let qh = token / p.w;
  let qw = token % p.w;
  var start: Starts;
  for (var i = 0u; i < 16u / S; i++) { start[i] = (min(first + i * S + lane, p.count - 1u) * n + token) * p.biasRow; }
  var s: Rows;
  for (var j = 0u; j < p.h; j += 4u) {
    let inside = vec4u(j, j + 1u, j + 2u, j + 3u) < vec4u(p.h); // past the grid dbias is not written
    let table = mat4x4f(rowH(qh, j, c), rowH(qh, j + 1u, c), rowH(qh, j + 2u, c), rowH(qh, j + 3u, c));
    s = mixFetched(table, biasGradsAt(start, j / 4u, inside), s);
  }
  for (var j = 0u; j < p.w; j += 4u) {
    let inside = vec4u(j, j + 1u, j + 2u, j + 3u) < vec4u(p.w);
    let table = mat4x4f(rowW(qw, j, c), rowW(qw, j + 1u, c), rowW(qw, j + 2u, c), rowW(qw, j + 3u, c));
    s = mixFetched(table, biasGradsAt(start, p.hv + j / 4u, inside), s);
  }
  for (var i = first; i < min(first + 16u, p.count); i++) {
    let at = (i / p.heads) * p.qBatch + (i % p.heads) * p.qHead + token * p.qRow + col;
    if (col < p.dv) { dq[at] += s.r0; }
    s = turn(s);
  }
}
