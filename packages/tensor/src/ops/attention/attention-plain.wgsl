// Streaming softmax attention for any adapter and head width. One lane owns a query row: the query and the output stay in its
// registers while the keys, the same for all lanes of a workgroup, go by. Numerics: running maximum and sum in f32.

const WG: u32 = 64u;
const D: u32 = 64u; // head width
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false; // adds bias[row, kh] + bias[row, hp + kw]
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(D, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  nq: u32, nk: u32,
  blocks: u32, // of WG query rows
  w: u32, hp: u32, biasRow: u32, // keys per grid row; where the kw part of a bias row starts; its length
  qBatch: u32, qHead: u32, qRow: u32,
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  last: u32, // D, as a number that no compiler unrolls loops by
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<f32>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<f32>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [B * A, Nq, biasRow]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [B, A, Nq, D]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>; // [B * A, Nq]
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  let row = (g % p.blocks) * WG + lane;
  if (head >= p.count || row >= p.nq) { return; }
  let b = head / p.heads;
  let a = head % p.heads;
  let qi = b * p.qBatch + a * p.qHead + row * p.qRow;
  let ki = b * p.kBatch + a * p.kHead;
  let bi = (head * p.nq + row) * p.biasRow;
  var x: array<f32, D>;
  var o: array<f32, D>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = q[qi + d] * p.scale;
  }
  var most = -1e30;
  var sum = 0.0;
  var kh = 0u;
  var kw = 0u;
  for (var j = 0u; j < p.nk; j++) {
    let at = ki + j * p.kRow;
    var s = 0.0;
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      s = fma(x[d], k[p.kOffset + at + d], s);
    }
    if (REL) {
      s += bias[bi + kh] + bias[bi + p.hp + kw];
      kw++;
      if (kw == p.w) { kw = 0u; kh++; }
    }
    if (s > most) {
      let shrink = exp(most - s);
      most = s;
      sum *= shrink;
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        o[d] *= shrink;
      }
    }
    let e = exp(s - most);
    sum += e;
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      o[d] = fma(e, v[p.vOffset + at + d], o[d]);
    }
  }
  let yi = b * p.yBatch + a * p.yHead + row * p.yRow;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    y[yi + d] = o[d] / sum;
  }
  lse[head * p.nq + row] = most + log(sum);
}
