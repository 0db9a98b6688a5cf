// Streaming softmax attention for GPUs. A workgroup of 8 x 8 lanes owns 32 query rows, which stay in workgroup memory, while blocks of
// 32 keys and then their values pass through it. Scores and outputs are products on tiles in registers, four rows and four keys,
// or four rows and every eighth vec4 of channels a lane: eight to ten multiply-adds for a vec4 read from workgroup memory, which would
// bound them otherwise. Between the two products the scores lie in workgroup memory, where two lanes share a row: they add its bias
// and take its maximum and sum. Numerics: running maximum and sum in f32; the order of the keys is fixed.

const WG: u32 = 64u;
const D: u32 = 64u; // head width, a multiple of four
const ROLLED: bool = false; // keeps loops over the head width: compiles in a fraction of the time, where speed is not the aim
const REL: bool = false; // adds bias[kh, row] + bias[hp + kw, row]

const ROWS: u32 = 32u;
const BLOCK: u32 = 32u; // keys
const DV: u32 = D / 4u;
const SK: u32 = DV | 1u; // line of keys in workgroup memory: an odd step spreads eight of them over the banks
const SP: u32 = BLOCK / 4u + 1u; // line of scores, likewise
const PARTS: u32 = (BLOCK * DV + WG - 1u) / WG; // vec4 of a block, as of the queries, that a lane brings: side by side for all lanes
const WHOLE: bool = BLOCK * DV % WG == 0u;
const NV: u32 = (DV + 7u) / 8u; // vec4 of an output row that a lane owns
const STEP: u32 = select(2u, 1u, ROLLED || DV % 2u == 1u); // at a time: the second's reads while the first is added
// Where loops over the head end, a constant: loops up to a variable get a guard against running for ever. Rolled ones break.
const LAST: u32 = select(DV, 0xffffffffu, ROLLED);

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  nq: u32, nk: u32,
  blocks: u32, // of ROWS query rows
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

var<workgroup> queries: array<vec4f, ROWS * DV>; // [ROWS, D], scaled
var<workgroup> block: array<vec4f, BLOCK * SK>; // keys [BLOCK, SK], key j in line j % 4 * 8 + j / 4; then values [BLOCK, DV]
var<workgroup> scores: array<vec4f, ROWS * SP>; // [ROWS, SP], four keys each; then weights
var<workgroup> halves: array<f32, WG>; // a number of each half of a row
var<workgroup> factors: array<f32, ROWS>; // by which the outputs so far shrink; at the end the sums of the weights

fn total(x: vec4f) -> f32 { return (x.x + x.y) + (x.z + x.w); }
fn top(x: vec4f) -> f32 { return max(max(x.x, x.y), max(x.z, x.w)); }

// c + four channels of a row times those of four keys: column e of `keys` is channel e of each.
fn mix(c: vec4f, row: vec4f, keys: mat4x4f) -> vec4f {
  return fma(vec4f(row.w), keys[3], fma(vec4f(row.z), keys[2], fma(vec4f(row.y), keys[1], fma(vec4f(row.x), keys[0], c))));
}

// The bias of the key at (kh, kw) for the row whose lines begin at `at`; goes on to the next key.
fn biasOf(key: ptr<function, vec2u>, at: u32) -> f32 {
  let sum = bias[at + (*key).x * p.nq] + bias[at + (p.hp + (*key).y) * p.nq];
  let next = (*key).y + 1u;
  *key = select(vec2u((*key).x, next), vec2u((*key).x + 1u, 0u), next == p.w);
  return sum;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = p.first + group.y * groups.x + group.x;
  if (g >= p.end) { return; }
  let head = g / p.blocks;
  let begin = g % p.blocks * ROWS;
  let b = head / p.heads;
  let a = head % p.heads;
  let ki = b * p.kBatch + a * p.kHead;
  let qi = b * p.qBatch + a * p.qHead;
  for (var h = 0u; h < PARTS; h++) {
    let i = lane + h * WG;
    let part = q[qi + min(begin + i / DV, p.nq - 1u) * p.qRow + i % DV]; // past the end the last row again, unwritten
    if (WHOLE || i < ROWS * DV) { queries[i] = part * p.scale; }
  }
  // As a tile of products: rows 4 y to 4 y + 3, keys 4 x to 4 x + 3, vec4 x, x + 8 and so on of the channels.
  let x = lane % 8u;
  let r = lane / 8u * 4u;
  // In the softmax: a row, and one half of the keys.
  let mine = lane % ROWS;
  let half = lane / ROWS * (BLOCK / 8u);
  let bi = head * p.biasRow * p.nq + min(begin + mine, p.nq - 1u);
  var most = -1e30;
  var sum = 0.0; // of this half's weights
  var o: array<vec4f, 4u * NV>;
  for (var first = 0u; first < p.nk; first += BLOCK) {
    workgroupBarrier(); // the last block's values and weights have been read
    for (var h = 0u; h < PARTS; h++) {
      let i = lane + h * WG;
      let j = i / DV;
      let part = k[p.kOffset + ki + min(first + j, p.nk - 1u) * p.kRow + i % DV];
      if (WHOLE || j < BLOCK) { block[(j % 4u * 8u + j / 4u) * SK + i % DV] = part; }
    }
    workgroupBarrier();
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    for (var d = 0u; d < LAST; d += STEP) {
      if (ROLLED && d == p.last) { break; }
      for (var e = 0u; e < STEP; e++) {
        let ci = x * SK + d + e;
        let keys = transpose(mat4x4f(block[ci], block[ci + 8u * SK], block[ci + 16u * SK], block[ci + 24u * SK]));
        let ri = r * DV + d + e;
        s0 = mix(s0, queries[ri], keys);
        s1 = mix(s1, queries[ri + DV], keys);
        s2 = mix(s2, queries[ri + 2u * DV], keys);
        s3 = mix(s3, queries[ri + 3u * DV], keys);
      }
    }
    scores[r * SP + x] = s0;
    scores[(r + 1u) * SP + x] = s1;
    scores[(r + 2u) * SP + x] = s2;
    scores[(r + 3u) * SP + x] = s3;
    workgroupBarrier();
    for (var h = 0u; h < PARTS; h++) {
      let i = lane + h * WG;
      let part = v[p.vOffset + ki + min(first + i / DV, p.nk - 1u) * p.kRow + i % DV]; // past the end: with a weight of zero
      if (WHOLE || i < BLOCK * DV) { block[i] = part; }
    }
    var w: array<vec4f, BLOCK / 8u>;
    var highest = -1e30;
    var key = first + half * 4u;
    var place = vec2u(key / p.w, key % p.w);
    for (var i = 0u; i < BLOCK / 8u; i++) {
      var e = scores[mine * SP + half + i];
      if (REL) { e += vec4f(biasOf(&place, bi), biasOf(&place, bi), biasOf(&place, bi), biasOf(&place, bi)); }
      e = select(e, vec4f(-1e30), vec4u(key, key + 1u, key + 2u, key + 3u) >= vec4u(p.nk));
      highest = max(highest, top(e));
      w[i] = e;
      key += 4u;
    }
    halves[lane] = highest;
    workgroupBarrier();
    highest = max(most, max(halves[mine], halves[mine + ROWS]));
    let factor = exp(most - highest);
    most = highest;
    sum *= factor;
    for (var i = 0u; i < BLOCK / 8u; i++) {
      let e = exp(w[i] - most);
      sum += total(e);
      scores[mine * SP + half + i] = e;
    }
    if (half == 0u) { factors[mine] = factor; }
    workgroupBarrier();
    let shrink = vec4f(factors[r], factors[r + 1u], factors[r + 2u], factors[r + 3u]);
    for (var n = 0u; n < NV; n++) {
      for (var e = 0u; e < 4u; e++) { o[n * 4u + e] *= shrink[e]; }
    }
    for (var j = 0u; j < BLOCK / 4u; j++) {
      let weights = mat4x4f(scores[r * SP + j], scores[(r + 1u) * SP + j], scores[(r + 2u) * SP + j], scores[(r + 3u) * SP + j]);
      for (var n = 0u; n < NV; n++) {
        let at = j * 4u * DV + min(x + n * 8u, DV - 1u);
        // As keys of a score: row e of the block's transpose would be a channel. Here column e is value e.
        let values = mat4x4f(block[at], block[at + DV], block[at + 2u * DV], block[at + 3u * DV]);
        for (var e = 0u; e < 4u; e++) { o[n * 4u + e] = mix(o[n * 4u + e], weights[e], values); }
      }
    }
  }
  halves[lane] = sum;
  workgroupBarrier();
  if (half == 0u) {
    let all = halves[mine] + halves[mine + ROWS];
    factors[mine] = all;
    if (begin + mine < p.nq) { lse[head * p.nq + begin + mine] = most + log(all); }
  }
  workgroupBarrier();
  let yi = b * p.yBatch + a * p.yHead;
  for (var e = 0u; e < 4u; e++) {
    let row = begin + r + e;
    if (row < p.nq) {
      for (var n = 0u; n < NV; n++) {
        if (x + n * 8u < DV) { y[yi + row * p.yRow + x + n * 8u] = o[n * 4u + e] / factors[r + e]; }
      }
    }
  }
}
