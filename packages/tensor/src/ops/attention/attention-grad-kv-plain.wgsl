// dk and dv of streaming attention for any adapter and head width, scores recomputed from the log-sum-exp. One lane owns a key
// and runs over the queries, the same for all lanes of a workgroup.

const WG: u32 = 64u;
const D: u32 = 64u; // head width
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false;
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(D, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32,
  nq: u32, nk: u32,
  blocks: u32, // of WG keys
  w: u32, hp: u32, biasRow: u32,
  qBatch: u32, qHead: u32, qRow: u32,
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  dkOffset: u32, dvOffset: u32,
  last: u32, // D, as a number that no compiler unrolls loops by
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<f32>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<f32>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> dy: array<f32>; // [B, A, Nq, D]
@group(0) @binding(4) var<storage, read> stats: array<f32>; // [2, B * A, Nq]: log-sum-exp, sum of dy * y
@group(0) @binding(5) var<storage, read> bias: array<f32>; // [B * A, Nq, biasRow]
@group(0) @binding(6) var<storage, read_write> dkv: array<f32>; // dk and dv, strides of k, each from its own offset
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  let key = (g % p.blocks) * WG + lane;
  if (head >= p.count || key >= p.nk) { return; }
  let b = head / p.heads;
  let a = head % p.heads;
  let ki = b * p.kBatch + a * p.kHead + key * p.kRow;
  let qi = b * p.qBatch + a * p.qHead;
  let yi = b * p.yBatch + a * p.yHead;
  var kh = 0u;
  var kw = 0u;
  if (REL) {
    kh = key / p.w;
    kw = p.hp + key % p.w;
  }
  var x: array<f32, D>;
  var t: array<f32, D>;
  var dk: array<f32, D>;
  var dv: array<f32, D>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = k[p.kOffset + ki + d] * p.scale;
    t[d] = v[p.vOffset + ki + d];
  }
  for (var i = 0u; i < p.nq; i++) {
    let row = head * p.nq + i;
    let qa = qi + i * p.qRow;
    let ya = yi + i * p.yRow;
    var s = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      s = fma(x[d], q[qa + d], s);
      dp = fma(t[d], dy[ya + d], dp);
    }
    if (REL) { s += bias[row * p.biasRow + kh] + bias[row * p.biasRow + kw]; }
    let stat = vec2f(stats[row], stats[p.count * p.nq + row]);
    let e = exp(s - stat.x);
    let ds = e * (dp - stat.y);
    for (var d = 0u; d < LAST; d++) {
      if (ROLLED && d == p.last) { break; }
      dv[d] = fma(e, dy[ya + d], dv[d]);
      dk[d] = fma(ds, q[qa + d], dk[d]);
    }
  }
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    dkv[p.dkOffset + ki + d] = dk[d] * p.scale;
    dkv[p.dvOffset + ki + d] = dv[d];
  }
}
