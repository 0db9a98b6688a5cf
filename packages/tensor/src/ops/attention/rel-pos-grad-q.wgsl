// Adds the relative position part of dq: sum over kh of dbias[q, kh] h[qh - kh + H - 1] plus the same over kw. One lane per
// element of dq, which it reads and writes.

const WG: u32 = 64u;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  h: u32, w: u32,
  hp: u32, biasRow: u32,
  dim: u32,
  qBatch: u32, qHead: u32, qRow: u32,
}

@group(0) @binding(0) var<storage, read> dbias: array<f32>; // [B * A, H * W, biasRow]
@group(0) @binding(1) var<storage, read> tableH: array<f32>; // [2 H - 1, D]
@group(0) @binding(2) var<storage, read> tableW: array<f32>; // [2 W - 1, D]
@group(0) @binding(3) var<storage, read_write> dq: array<f32>; // [B, A, H * W, D] by strides
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  let n = p.h * p.w;
  if (i >= p.count * n * p.dim) { return; }
  let d = i % p.dim;
  let row = (i / p.dim) % n;
  let head = i / (p.dim * n);
  let at = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead + row * p.qRow + d;
  let begin = (head * n + row) * p.biasRow;
  let qh = row / p.w + p.h - 1u;
  let qw = row % p.w + p.w - 1u;
  var sum = dq[at];
  for (var j = 0u; j < p.h; j++) { sum = fma(dbias[begin + j], tableH[(qh - j) * p.dim + d], sum); }
  for (var j = 0u; j < p.w; j++) { sum = fma(dbias[begin + p.hp + j], tableW[(qw - j) * p.dim + d], sum); }
  dq[at] = sum;
}
