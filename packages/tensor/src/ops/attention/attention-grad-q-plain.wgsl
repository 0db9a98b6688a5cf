// dq of streaming attention for any adapter and head width, scores recomputed from the log-sum-exp. One lane owns a query row
// and runs over the keys; with REL it also leaves the bias gradient of its row (sums of ds over kw and over kh).

const WG: u32 = 64u;
const D: u32 = 64u; // head width
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false;
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(D, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32,
  nq: u32, nk: u32,
  blocks: u32, // of WG query rows
  w: u32, hp: u32, biasRow: u32,
  qBatch: u32, qHead: u32, qRow: u32,
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  last: u32, // D, as a number that no compiler unrolls loops by
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<f32>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<f32>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> dy: array<f32>; // [B, A, Nq, D]
@group(0) @binding(4) var<storage, read> stats: array<f32>; // [2, B * A, Nq]: log-sum-exp, sum of dy * y
@group(0) @binding(5) var<storage, read> bias: array<f32>; // [B * A, Nq, biasRow]
@group(0) @binding(6) var<storage, read_write> dq: array<f32>; // [B, A, Nq, D], strides of q
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>; // [B * A, Nq, biasRow]
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  let row = (g % p.blocks) * WG + lane;
  if (head >= p.count || row >= p.nq) { return; }
  let b = head / p.heads;
  let a = head % p.heads;
  let qi = b * p.qBatch + a * p.qHead + row * p.qRow;
  let yi = b * p.yBatch + a * p.yHead + row * p.yRow;
  let ki = b * p.kBatch + a * p.kHead;
  let bi = (head * p.nq + row) * p.biasRow;
  let stat = vec2f(stats[head * p.nq + row], stats[(p.count + head) * p.nq + row]);
  var x: array<f32, D>;
  var t: array<f32, D>;
  var sum: array<f32, D>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = q[qi + d] * p.scale;
    t[d] = dy[yi + d];
  }
  if (REL) { for (var i = 0u; i < p.biasRow; i++) { dbias[bi + i] = 0.0; } }
  var kh = 0u;
  var kw = 0u;
  var line = 0.0; // sum of ds over the keys of grid row kh
  for (var j = 0u; j < p.nk; j++) {
    let at = ki + j * p.kRow;
    var s = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      s = fma(x[d], k[p.kOffset + at + d], s);
      dp = fma(t[d], v[p.vOffset + at + d], dp);
    }
    if (REL) { s += bias[bi + kh] + bias[bi + p.hp + kw]; }
    let ds = exp(s - stat.x) * (dp - stat.y);
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      sum[d] = fma(ds, k[p.kOffset + at + d], sum[d]);
    }
    if (REL) {
      dbias[bi + p.hp + kw] += ds;
      line += ds;
      kw++;
      if (kw == p.w) {
        dbias[bi + kh] = line;
        line = 0.0;
        kw = 0u;
        kh++;
      }
    }
  }
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    dq[qi + d] = sum[d] * p.scale;
  }
}
