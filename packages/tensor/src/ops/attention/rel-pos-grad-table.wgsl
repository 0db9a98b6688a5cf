// Gradient of a relative position table, in parts: dtable[u] = sum over heads and queries of dbias[q, k] q where the offset
// of q and k along the axis is u. A lane owns one element of a part and runs over the part's heads; the parts are summed after.

const WG: u32 = 64u;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  size: u32, // grid size along the axis
  others: u32, // grid size along the other axis
  axisStep: u32, otherStep: u32, // rows of q between neighbours along the axis; along the other one
  start: u32, biasRow: u32, // where the axis' part of a bias row starts; length of a row
  dim: u32,
  chunk: u32, parts: u32, // heads per part
  qBatch: u32, qHead: u32, qRow: u32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>; // [B, A, H * W, D] by strides
@group(0) @binding(1) var<storage, read> dbias: array<f32>; // [B * A, H * W, biasRow]
@group(0) @binding(2) var<storage, read_write> dtable: array<f32>; // [parts, 2 size - 1, D]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  let rows = 2u * p.size - 1u;
  if (i >= p.parts * rows * p.dim) { return; }
  let d = i % p.dim;
  let u = (i / p.dim) % rows;
  let part = i / (p.dim * rows);
  let n = p.size * p.others;
  let first = max(u, p.size - 1u) - (p.size - 1u); // queries whose key u is inside the grid
  let last = min(u, p.size - 1u);
  var sum = 0.0;
  for (var head = part * p.chunk; head < min(part * p.chunk + p.chunk, p.count); head++) {
    let at = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead + d;
    for (var x = first; x <= last; x++) {
      let key = p.start + x + p.size - 1u - u;
      for (var o = 0u; o < p.others; o++) {
        let row = x * p.axisStep + o * p.otherStep;
        sum = fma(dbias[(head * n + row) * p.biasRow + key], q[at + row * p.qRow], sum);
      }
    }
  }
  dtable[i] = sum;
}
