// Streaming softmax attention for GPUs. A workgroup owns WG query rows, a lane one of them: the query and the output stay in its
// registers, while blocks of BLOCK keys and values pass through workgroup memory, where every read is one address for all lanes.
// Four keys at a time: four independent sums, one look at the running maximum. Per block a lane loads 2 BLOCK D / WG elements (128
// bits at a time, side by side) for 2 BLOCK D multiply-adds. Numerics: running maximum and sum in f32; the order of the keys is
// fixed.

const WG: u32 = 64u;
const D: u32 = 64u; // head width, a multiple of four
const BLOCK: u32 = 32u; // keys in workgroup memory, a multiple of four
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false; // adds bias[kh, row] + bias[hp + kw, row]

const DV: u32 = D / 4u;
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(DV, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  nq: u32, nk: u32,
  blocks: u32, // of WG query rows
  w: u32, hp: u32, biasRow: u32, // keys per grid row; where the kw lines of the bias start; their number
  qBatch: u32, qHead: u32, qRow: u32, // strides and offsets in vec4
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  last: u32, // DV, as a number that no compiler unrolls loops by
  scale: f32,
  first: u32, end: u32, // workgroups of this launch
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(1) var<storage, read> k: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(2) var<storage, read> v: array<vec4f>; // [B, A, Nk, D]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [B * A, biasRow, Nq]: neighbouring lanes read neighbours
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(5) var<storage, read_write> lse: array<f32>; // [B * A, Nq]
@group(0) @binding(6) var<uniform> p: Params;

var<workgroup> keys: array<vec4f, BLOCK * DV>; // [BLOCK, D]
var<workgroup> values: array<vec4f, BLOCK * DV>; // [BLOCK, D]

fn total(x: vec4f) -> f32 { return (x.x + x.y) + (x.z + x.w); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = p.first + group.y * groups.x + group.x;
  if (g >= p.end) { return; }
  let head = g / p.blocks;
  let row = g % p.blocks * WG + lane;
  let at = min(row, p.nq - 1u); // lanes past the end repeat the last row, unwritten: all lanes bring in keys
  let b = head / p.heads;
  let a = head % p.heads;
  let ki = b * p.kBatch + a * p.kHead;
  let qi = b * p.qBatch + a * p.qHead + at * p.qRow;
  let bi = head * p.biasRow * p.nq + at;
  var x: array<vec4f, DV>;
  var o: array<vec4f, DV>;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    x[d] = q[qi + d] * p.scale;
  }
  var most = -1e30;
  var sum = 0.0;
  var kh = 0u;
  var kw = 0u;
  var line = 0.0; // the bias of the current grid row
  for (var first = 0u; first < p.nk; first += BLOCK) {
    let count = min(BLOCK, p.nk - first);
    workgroupBarrier(); // the last block has been read
    for (var i = lane; i < BLOCK * DV; i += WG) {
      let j = ki + min(first + i / DV, p.nk - 1u) * p.kRow + i % DV; // past the end: the last key again, with a weight of zero
      keys[i] = k[p.kOffset + j];
      values[i] = v[p.vOffset + j];
    }
    workgroupBarrier();
    for (var j = 0u; j < count; j += 4u) {
      var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        let u = x[d];
        t0 = fma(u, keys[j * DV + d], t0);
        t1 = fma(u, keys[(j + 1u) * DV + d], t1);
        t2 = fma(u, keys[(j + 2u) * DV + d], t2);
        t3 = fma(u, keys[(j + 3u) * DV + d], t3);
      }
      var s = vec4f(total(t0), total(t1), total(t2), total(t3));
      if (REL) {
        for (var e = 0u; e < min(4u, count - j); e++) {
          if (kw == 0u) { line = bias[bi + kh * p.nq]; }
          s[e] += line + bias[bi + (p.hp + kw) * p.nq];
          kw++;
          if (kw == p.w) { kw = 0u; kh++; }
        }
      }
      if (j + 1u >= count) { s.y = -1e30; }
      if (j + 2u >= count) { s.z = -1e30; }
      if (j + 3u >= count) { s.w = -1e30; }
      let top = max(max(s.x, s.y), max(s.z, s.w));
      if (top > most) {
        let shrink = exp(most - top);
        most = top;
        sum *= shrink;
        for (var d = 0u; d < LAST; d++) {
          if (ROLLED && d == p.last) { break; }
          o[d] *= shrink;
        }
      }
      s = exp(s - most);
      sum += total(s);
      for (var d = 0u; d < LAST; d++) {
        if (ROLLED && d == p.last) { break; }
        var r = fma(vec4f(s.x), values[j * DV + d], o[d]);
        r = fma(vec4f(s.y), values[(j + 1u) * DV + d], r);
        r = fma(vec4f(s.z), values[(j + 2u) * DV + d], r);
        o[d] = fma(vec4f(s.w), values[(j + 3u) * DV + d], r);
      }
    }
  }
  if (row >= p.nq) { return; }
  let yi = b * p.yBatch + a * p.yHead + row * p.yRow;
  for (var d = 0u; d < LAST; d++) {
    if (ROLLED && d == p.last) { break; }
    y[yi + d] = o[d] / sum;
  }
  lse[head * p.nq + row] = most + log(sum);
}
