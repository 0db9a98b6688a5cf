enable subgroups;
// Streaming softmax attention for adapters whose subgroups have S = 8 lanes (lavapipe), where loads bound the speed. A subgroup
// owns a tile of query rows (tile-32.wgsl). Scores: lanes hold 4 keys each, the queries come by broadcast; outputs: lanes hold
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
  blocks: u32, // tiles of query rows
  w: u32, wp: u32, // keys per grid row; with padding
  chunks: u32, steps: u32, // tiles: chunk * steps + step
  hp: u32, biasRow: u32, // where the kw part of a bias row starts; its length; in vec4
  qBatch: u32, qHead: u32, qRow: u32, // strides in vec4
  yBatch: u32, yHead: u32, yRow: u32,
  nk: u32, // keys
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, // of the values
  lanes: u32, // S, as a number that no compiler unrolls loops by
}

@group(0) @binding(0) var<storage, read> q: array<Part>; // [B, A, N, D] by strides
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
  let row = (g % p.blocks) * TALL;
  let last = p.n - 1u;
  let qi = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead;
  var queryAt: Starts;
  var biasAt: Starts;
  for (var i = 0u; i < 4u; i++) {
    let r = min(row + i * S + lane, last);
    queryAt[i] = qi + r * p.qRow;
    biasAt[i] = (head * p.n + r) * p.biasRow;
  }
  var o0: Tile; var o1: Tile; var o2: Tile; var o3: Tile;
  var most = sameStats(-1e30);
  var sum: TileStats;
  let vi = (head / p.heads) * p.kBatch + (head % p.heads) * p.kHead + p.kOffset;
  let e0 = min(lane, p.dv - 1u);
  let e1 = min(lane + S, p.dv - 1u);
  let e2 = min(lane + 2u * S, p.dv - 1u);
  let e3 = min(lane + 3u * S, p.dv - 1u);
  let tiles = p.chunks * p.steps;
  let unit = p.dv * 4u * S; // vec4 of a packed tile
  let slack = sameStats(SLACK);
  var base: Tile;
  for (var tile = 0u; tile < tiles; tile++) {
    if (tile % p.steps == 0u) { base = scoreBase(tile / p.steps, lane, biasAt); }
    var s = addScores(base, tile % p.steps, (head * tiles + tile) * unit, lane, queryAt, biasAt);
    let t = topsOf(s);
    if (subgroupAny(anyAbove(t, plus(most, slack)))) {
      let next = maxOverLanes(t, most);
      let f = expLess(most, next);
      most = next;
      sum = times(sum, f);
      o0 = scaleTile(o0, f);
      if (CH > 1u) { o1 = scaleTile(o1, f); }
      if (CH > 2u) { o2 = scaleTile(o2, f); }
      if (CH > 3u) { o3 = scaleTile(o3, f); }
    }
    s = expTile(s, most);
    sum = plus(sum, sumsOf(s));
    o0 = mixKeys(s, tile, vi + e0, o0);
    if (CH > 1u) { o1 = mixKeys(s, tile, vi + e1, o1); }
    if (CH > 2u) { o2 = mixKeys(s, tile, vi + e2, o2); }
    if (CH > 3u) { o3 = mixKeys(s, tile, vi + e3, o3); }
  }
  var all = sumOverLanes(sum);
  var yi = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead + row * p.yRow + lane;
  for (var i = row; i < min(row + TALL, p.n); i++) {
    let part = 1.0 / firstStat(all);
    if (lane < p.dv) { y[yi] = first(o0) * part; }
    if (CH > 1u && lane + S < p.dv) { y[yi + S] = first(o1) * part; }
    if (CH > 2u && lane + 2u * S < p.dv) { y[yi + 2u * S] = first(o2) * part; }
    if (CH > 3u && lane + 3u * S < p.dv) { y[yi + 3u * S] = first(o3) * part; }
    if (lane == 0u) { lse[head * p.n + i] = firstStat(most) + log(firstStat(all)); }
    yi += p.yRow;
    all = turnTileStats(all);
    most = turnTileStats(most);
    o0 = turnTile(o0);
    if (CH > 1u) { o1 = turnTile(o1); }
    if (CH > 2u) { o2 = turnTile(o2); }
    if (CH > 3u) { o3 = turnTile(o3); }
  }
}
