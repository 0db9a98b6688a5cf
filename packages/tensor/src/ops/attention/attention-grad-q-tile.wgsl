// dq of streaming attention for GPUs, scores recomputed from the log-sum-exp. A query row belongs to two lanes, each with one half of
// the head: query, dy and dq of a half stay in its registers (three whole rows would leave room for few lanes), while blocks of
// BLOCK keys and values pass through workgroup memory. The halves of a product meet there too. Lanes of one half lie side by side,
// so that a read of keys or values is one address for them all. With REL it also leaves the gradient of the rows' bias factors.

const WG: u32 = 64u;
const D: u32 = 64u; // head width, a multiple of eight
const BLOCK: u32 = 16u; // keys in workgroup memory
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
  blocks: u32, // of ROWS query rows
  w: u32, hp: u32, biasRow: u32, // keys per grid row; where the kw lines of the bias start; their number
  qBatch: u32, qHead: u32, qRow: u32, // strides and offsets in vec4
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  last: u32, // HV, as a number that no compiler unrolls loops by
  scale: f32,
  first: u32, end: u32, // workgroups of this launch
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> dy: array<vec4f>; // [B, A, Nq, D]
@group(0) @binding(4) var<storage, read> stats: array<f32>; // [2, B * A, Nq]: log-sum-exp, sum of dy * y
@group(0) @binding(5) var<storage, read> bias: array<f32>; // [B * A, biasRow, Nq]: neighbouring lanes read neighbours
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>; // [B, A, Nq, D], strides of q
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>; // [B * A, biasRow, Nq]
@group(0) @binding(8) var<uniform> p: Params;

var<workgroup> keys: array<vec4f, BLOCK * DV>; // [BLOCK, D]
var<workgroup> values: array<vec4f, BLOCK * DV>; // [BLOCK, D]
var<workgroup> parts: array<vec2f, BLOCK * WG>; // of query . key and dy . value, [BLOCK, 2, ROWS]

fn total(x: vec4f) -> f32 { return (x.x + x.y) + (x.z + x.w); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = p.first + group.y * groups.x + group.x;
  if (g >= p.end) { return; }
  let head = g / p.blocks;
  let place = lane % ROWS;
  let side = lane / ROWS * HV; // where this lane's half of a row starts
  let row = g % p.blocks * ROWS + place;
  let at = min(row, p.nq - 1u); // lanes past the end repeat the last row, unwritten: all lanes bring in keys
  let b = head / p.heads;
  let a = head % p.heads;
  let ki = b * p.kBatch + a * p.kHead;
  let qi = b * p.qBatch + a * p.qHead + at * p.qRow + side;
  let yi = b * p.yBatch + a * p.yHead + at * p.yRow + side;
  let bi = head * p.biasRow * p.nq + at;
  let stat = vec2f(stats[head * p.nq + at], stats[(p.count + head) * p.nq + at]);
  let tells = REL && lane < ROWS && row < p.nq; // writes the bias gradient of its row
  if (tells) { for (var i = 0u; i < p.biasRow; i++) { dbias[bi + i * p.nq] = 0.0; } }
  var x: array<vec4f, HV>;
  var t: array<vec4f, HV>;
  var sum: array<vec4f, HV>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = q[qi + d] * p.scale;
    t[d] = dy[yi + d];
  }
  var kh = 0u;
  var kw = 0u;
  var line = 0.0; // the bias of grid row kh
  var dline = 0.0; // the sum of ds over its keys
  for (var first = 0u; first < p.nk; first += BLOCK) {
    let count = min(BLOCK, p.nk - first);
    workgroupBarrier(); // the last block has been read
    for (var i = lane; i < count * DV; i += WG) {
      let j = ki + (first + i / DV) * p.kRow + i % DV;
      keys[i] = k[p.kOffset + j];
      values[i] = v[p.vOffset + j];
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      var s = vec4f();
      var dp = vec4f();
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        s = fma(x[d], keys[j * DV + side + d], s);
        dp = fma(t[d], values[j * DV + side + d], dp);
      }
      parts[j * WG + lane] = vec2f(total(s), total(dp));
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j++) {
      let both = parts[j * WG + place] + parts[j * WG + ROWS + place];
      var s = both.x;
      if (REL) {
        if (kw == 0u) { line = bias[bi + kh * p.nq]; }
        s += line + bias[bi + (p.hp + kw) * p.nq];
      }
      let ds = exp(s - stat.x) * (both.y - stat.y);
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        sum[d] = fma(vec4f(ds), keys[j * DV + side + d], sum[d]);
      }
      if (REL) {
        if (tells) { dbias[bi + (p.hp + kw) * p.nq] += ds; }
        dline += ds;
        kw++;
        if (kw == p.w) {
          if (tells) { dbias[bi + kh * p.nq] = dline; }
          dline = 0.0;
          kw = 0u;
          kh++;
        }
      }
    }
  }
  if (row >= p.nq) { return; }
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    dq[qi + d] = sum[d] * p.scale;
  }
}
