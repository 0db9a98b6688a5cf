// What both gradient kernels need of a query row: its log-sum-exp and the sum of dy * y. One lane per row.

const WG: u32 = 64u;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  n: u32, dim: u32,
  yBatch: u32, yHead: u32, yRow: u32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> dy: array<f32>; // as y
@group(0) @binding(2) var<storage, read> lse: array<f32>; // [B * A, N]
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>; // [B * A, N]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count * p.n) { return; }
  let head = i / p.n;
  let at = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead + (i % p.n) * p.yRow;
  var sum = 0.0;
  for (var d = 0u; d < p.dim; d++) { sum = fma(y[at + d], dy[at + d], sum); }
  stats[i] = vec2f(lse[i], sum);
}
