// What both gradient kernels need of a query row: its log-sum-exp and the sum of dy * y. One lane per row; rows of padding get a
// log-sum-exp of 1e30, so that their weights are zero.

const WG: u32 = 64u;
const PART: f32 = 1.0; // 1 for vec4 elements, 1/4 for scalars (which fill all four places of the last dot product)
alias Elem = vec4f;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  n: u32, np: u32, // rows; with padding
  dim: u32, // head width; it and the strides in elements of y
  yBatch: u32, yHead: u32, yRow: u32,
}

@group(0) @binding(0) var<storage, read> y: array<Elem>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> dy: array<Elem>; // as y
@group(0) @binding(2) var<storage, read> lse: array<f32>; // [B * A, N]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [2, B * A, np]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count * p.np) { return; }
  let head = i / p.np;
  let row = i % p.np;
  if (row >= p.n) {
    stats[i] = 1e30;
    stats[p.count * p.np + i] = 0.0;
    return;
  }
  let at = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead + row * p.yRow;
  var sum = Elem();
  for (var d = 0u; d < p.dim; d++) { sum += y[at + d] * dy[at + d]; }
  stats[i] = lse[head * p.n + row];
  stats[p.count * p.np + i] = dot(vec4f(sum), vec4f(PART));
}
