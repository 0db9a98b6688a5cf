enable subgroups;
// Streaming softmax attention for adapters whose subgroups have one fixed size S (lavapipe 8, SwiftShader 4), where loads bound
// the speed. A subgroup owns 16 query rows. Scores: lanes hold 4 keys each, the queries come by broadcast; outputs: lanes hold
// 4 CH channels each, the weights come by shuffle. A tile of 4 S keys and D channels takes (16 / S + 4) D / 4 + 4 S CH loads of a
// vec4 per lane for 256 D multiply-adds; keys come packed in tiles (attention-pack). The running maximum moves only
// when a score passes it by more than SLACK: most tiles need no reduction over lanes and no rescaling.

const S: u32 = 8u; // lanes of a subgroup
const CH: u32 = 2u; // vec4 of output channels per lane
const REL: bool = false; // adds bias[row, kh] + bias[row, hp + kw]
const SLACK: f32 = 8.0;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  n: u32, dv: u32, // query rows; head width in vec4
  blocks: u32, // of 16 query rows
  w: u32, wp: u32, // keys per grid row; with padding
  chunks: u32, steps: u32, // tiles: chunk * steps + step
  hp: u32, biasRow: u32, // where the kw part of a bias row starts; its length; in vec4
  qBatch: u32, qHead: u32, qRow: u32, // strides in vec4
  yBatch: u32, yHead: u32, yRow: u32,
  nk: u32, // keys
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, // of the values
  lanes: u32, // S, as a number that no compiler unrolls loops by
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> keys: array<vec4f>; // [B * A, tiles, D, S], times the scale
@group(0) @binding(2) var<storage, read> rows: array<vec4f>; // values: [B, A, Nk, D] by strides
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // [B * A, N, biasRow]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(5) var<storage, read_write> lse: array<f32>; // [B * A, N]
@group(0) @binding(6) var<uniform> p: Params;

// The vote is the same in all lanes, which the analysis does not see.
@diagnostic(off, subgroup_uniformity) @compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  if (head >= p.count) { return; }
  let row = (g % p.blocks) * 16u;
  let last = p.n - 1u;
  let qi = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead;
  var queryAt: Starts;
  var biasAt: Starts;
  for (var i = 0u; i < 16u / S; i++) {
    let r = min(row + i * S + lane, last);
    queryAt[i] = qi + r * p.qRow;
    biasAt[i] = (head * p.n + r) * p.biasRow;
  }
  var o0: Rows; var o1: Rows; var o2: Rows; var o3: Rows;
  var most = Stats(vec4f(-1e30), vec4f(-1e30), vec4f(-1e30), vec4f(-1e30));
  var sum: Stats;
  let vi = (head / p.heads) * p.kBatch + (head % p.heads) * p.kHead + p.kOffset;
  let e0 = min(lane, p.dv - 1u);
  let e1 = min(lane + S, p.dv - 1u);
  let e2 = min(lane + 2u * S, p.dv - 1u);
  let e3 = min(lane + 3u * S, p.dv - 1u);
  let tiles = p.chunks * p.steps;
  let unit = p.dv * 4u * S; // vec4 of a packed tile
  var base: Rows;
  for (var tile = 0u; tile < tiles; tile++) {
    if (tile % p.steps == 0u) { base = scoreBase(tile / p.steps, lane, biasAt); }
    var s = addScores(base, tile % p.steps, (head * tiles + tile) * unit, lane, queryAt, biasAt);
    let t = tops(s);
    let over = any(t.a > most.a + SLACK) || any(t.b > most.b + SLACK) || any(t.c > most.c + SLACK) || any(t.d > most.d + SLACK);
    if (subgroupAny(over)) {
      let next = Stats(
        max(most.a, subgroupMax(t.a)), max(most.b, subgroupMax(t.b)),
        max(most.c, subgroupMax(t.c)), max(most.d, subgroupMax(t.d)),
      );
      let f = Stats(exp(most.a - next.a), exp(most.b - next.b), exp(most.c - next.c), exp(most.d - next.d));
      most = next;
      sum = Stats(sum.a * f.a, sum.b * f.b, sum.c * f.c, sum.d * f.d);
      o0 = scaleRows(o0, f);
      if (CH > 1u) { o1 = scaleRows(o1, f); }
      if (CH > 2u) { o2 = scaleRows(o2, f); }
      if (CH > 3u) { o3 = scaleRows(o3, f); }
    }
    s = expRows(s, most);
    let u = sums(s);
    sum = Stats(sum.a + u.a, sum.b + u.b, sum.c + u.c, sum.d + u.d);
    var place = firstPlace(tile);
    for (var j = 0u; j < p.lanes; j++) {
      let key = keysOf(place);
      o0 = mixLane(rowsAt(vi + e0, key), s, j, o0);
      if (CH > 1u) { o1 = mixLane(rowsAt(vi + e1, key), s, j, o1); }
      if (CH > 2u) { o2 = mixLane(rowsAt(vi + e2, key), s, j, o2); }
      if (CH > 3u) { o3 = mixLane(rowsAt(vi + e3, key), s, j, o3); }
      place = nextPlace(place);
    }
  }
  var all = Stats(subgroupAdd(sum.a), subgroupAdd(sum.b), subgroupAdd(sum.c), subgroupAdd(sum.d));
  var yi = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead + row * p.yRow + lane;
  for (var i = row; i < min(row + 16u, p.n); i++) {
    let part = 1.0 / all.a.x;
    if (lane < p.dv) { y[yi] = o0.r0 * part; }
    if (CH > 1u && lane + S < p.dv) { y[yi + S] = o1.r0 * part; }
    if (CH > 2u && lane + 2u * S < p.dv) { y[yi + 2u * S] = o2.r0 * part; }
    if (CH > 3u && lane + 3u * S < p.dv) { y[yi + 3u * S] = o3.r0 * part; }
    if (lane == 0u) { lse[head * p.n + i] = most.a.x + log(all.a.x); }
    yi += p.yRow;
    all = turnStats(all);
    most = turnStats(most);
    o0 = turn(o0);
    if (CH > 1u) { o1 = turn(o1); }
    if (CH > 2u) { o2 = turn(o2); }
    if (CH > 3u) { o3 = turn(o3); }
  }
}
