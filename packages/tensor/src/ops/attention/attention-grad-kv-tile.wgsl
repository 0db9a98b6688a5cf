// dk and dv of streaming attention for GPUs, scores recomputed from the log-sum-exp. A key belongs to two lanes, each with one half of
// the head: key, value, dk and dv of a half stay in its registers (four whole rows would not fit), while blocks of BLOCK queries and
// their dy pass through workgroup memory. The halves of a product meet there too. Lanes of one half lie side by side, so that a read
// of queries or dy is one address for them all.

const WG: u32 = 64u;
const D: u32 = 64u; // head width, a multiple of eight
const BLOCK: u32 = 16u; // queries in workgroup memory
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false;

const ROWS: u32 = WG / 2u;
const DV: u32 = D / 4u;
const HV: u32 = D / 8u; // vec4 of half a row
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(HV, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  nq: u32, nk: u32,
  blocks: u32, // of ROWS keys
  w: u32, hp: u32, biasRow: u32, // keys per grid row; where the kw part of a bias row starts; its length
  qBatch: u32, qHead: u32, qRow: u32, // strides and offsets in vec4
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  dkOffset: u32, dvOffset: u32,
  last: u32, // HV, as a number that no compiler unrolls loops by
  scale: f32,
  first: u32, end: u32, // workgroups of this launch
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>; // [B, A, Nq, D]
@group(0) @binding(4) var<storage, read> stats: array<f32>; // [2, B * A, Nq]: log-sum-exp, sum of dy * y
@group(0) @binding(5) var<storage, read> bias: array<f32>; // [B * A, Nq, biasRow]: neighbouring keys read neighbours
@group(0) @binding(6) var<storage, read_write> dkv: array<vec4f>; // dk and dv, strides of k, each from its own offset
@group(0) @binding(7) var<uniform> p: Params;

var<workgroup> queries: array<vec4f, BLOCK * DV>; // [BLOCK, D]
var<workgroup> grads: array<vec4f, BLOCK * DV>; // [BLOCK, D]
var<workgroup> parts: array<vec2f, BLOCK * WG>; // of key . query and value . dy, [BLOCK, 2, ROWS]

fn total(x: vec4f) -> f32 { return (x.x + x.y) + (x.z + x.w); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = p.first + group.y * groups.x + group.x;
  if (g >= p.end) { return; }
  let head = g / p.blocks;
  let place = lane % ROWS;
  let side = lane / ROWS * HV; // where this lane's half of a row starts
  let key = g % p.blocks * ROWS + place;
  let at = min(key, p.nk - 1u); // lanes past the end repeat the last key, unwritten: all lanes bring in queries
  let b = head / p.heads;
  let a = head % p.heads;
  let ki = b * p.kBatch + a * p.kHead + at * p.kRow + side;
  let qi = b * p.qBatch + a * p.qHead;
  let yi = b * p.yBatch + a * p.yHead;
  var kh = 0u;
  var kw = 0u;
  if (REL) {
    kh = at / p.w;
    kw = p.hp + at % p.w;
  }
  var x: array<vec4f, HV>;
  var t: array<vec4f, HV>;
  var dk: array<vec4f, HV>;
  var dv: array<vec4f, HV>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = k[p.kOffset + ki + d] * p.scale;
    t[d] = v[p.vOffset + ki + d];
  }
  for (var first = 0u; first < p.nq; first += BLOCK) {
    let count = min(BLOCK, p.nq - first);
    workgroupBarrier(); // the last block has been read
    for (var i = lane; i < count * DV; i += WG) {
      queries[i] = q[qi + (first + i / DV) * p.qRow + i % DV];
      grads[i] = dy[yi + (first + i / DV) * p.yRow + i % DV];
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      var s = vec4f();
      var dp = vec4f();
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        s = fma(x[d], queries[j * DV + side + d], s);
        dp = fma(t[d], grads[j * DV + side + d], dp);
      }
      parts[j * WG + lane] = vec2f(total(s), total(dp));
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      let row = head * p.nq + first + j;
      let both = parts[j * WG + place] + parts[j * WG + ROWS + place];
      var s = both.x;
      if (REL) { s += bias[row * p.biasRow + kh] + bias[row * p.biasRow + kw]; }
      let e = exp(s - stats[row]);
      let ds = e * (both.y - stats[p.count * p.nq + row]);
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        dv[d] = fma(vec4f(e), grads[j * DV + side + d], dv[d]);
        dk[d] = fma(vec4f(ds), queries[j * DV + side + d], dk[d]);
      }
    }
  }
  if (key >= p.nk) { return; }
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    dkv[p.dkOffset + ki + d] = dk[d] * p.scale;
    dkv[p.dvOffset + ki + d] = dv[d];
  }
}
