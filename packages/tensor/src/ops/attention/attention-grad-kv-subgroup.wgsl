enable subgroups;
// dk and dv of streaming attention for adapters whose subgroups have S lanes. A subgroup owns a tile of keys and runs over tiles
// of 4 S queries: transposed scores, the weights from each query's log-sum-exp, then the weights times dy and ds times the queries.
// The bias comes in as products with unit vectors, so that no row loads its own. Every sum has a loop of its own: on lavapipe a load is
// 1.5 KB of code, and two sums in one loop do not fit the instruction cache (1.4 times the time).

const S: u32 = 8u; // lanes of a subgroup
const CH: u32 = 2u; // vec4 of channels per lane
const REL: bool = false;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  n: u32, dv: u32, // keys; head width in vec4
  blocks: u32, // tiles of keys
  tiles: u32, // of 4 S queries
  w: u32, hp: u32, biasRow: u32, // keys per grid row; where the kw part of a bias row starts; its length
  second: u32, // where the part of dy starts in columns
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32, vOffset: u32, // in vec4
  dkOffset: u32, dvOffset: u32,
  nq: u32, // queries
  qBatch: u32, qHead: u32, qRow: u32,
  yBatch: u32, yHead: u32, yRow: u32,
  scale: f32,
  lanes: u32, // S, as a number that no compiler unrolls loops by
}

@group(0) @binding(0) var<storage, read> k: array<Part>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> v: array<Part>; // [B, A, N, D] by strides
@group(0) @binding(2) var<storage, read> columns: array<vec4f>; // [B * A, tiles, D, S]: queries times the scale; then dy
@group(0) @binding(3) var<storage, read> q: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(4) var<storage, read> dy: array<vec4f>; // [B, A, Nq, D] by strides
@group(0) @binding(5) var<storage, read> stats: array<vec4f>; // [2, B * A, tiles * S]: log-sum-exp, sum of dy * y
@group(0) @binding(6) var<storage, read> bias: array<vec4f>; // [B * A, tiles, biasRow, S]: transposed tiles
@group(0) @binding(7) var<storage, read_write> dkv: array<vec4f>; // dk and dv, strides of k, each from its own offset
@group(0) @binding(8) var<uniform> p: Params;

// Four queries from i on; past the last it is the last, whose weights are none there.
fn fourFrom(i: u32) -> vec4u { return min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(p.nq - 1u)); }

// c + the weights s of a tile's queries, which begin at first, times a vec4 of their rows.
fn mixQueries(s: Tile, first: u32, at: u32, c: Tile) -> Tile {
  var sum = c;
  for (var j = 0u; j < p.lanes; j++) {
    let r = at + fourFrom(first + 4u * j) * p.qRow;
    sum = mixLanes(mat4x4f(q[r.x], q[r.y], q[r.z], q[r.w]), s, j, sum);
  }
  return sum;
}
fn mixGrads(s: Tile, first: u32, at: u32, c: Tile) -> Tile {
  var sum = c;
  for (var j = 0u; j < p.lanes; j++) {
    let r = at + fourFrom(first + 4u * j) * p.yRow;
    sum = mixLanes(mat4x4f(dy[r.x], dy[r.y], dy[r.z], dy[r.w]), s, j, sum);
  }
  return sum;
}
fn biasAt(at: u32) -> mat4x4f {
  return mat4x4f(bias[at], bias[at + S], bias[at + 2u * S], bias[at + 3u * S]);
}
fn unitOf(first: u32, place: u32) -> vec4f {
  return vec4f(vec4u(first, first + 1u, first + 2u, first + 3u) == vec4u(place));
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  if (head >= p.count) { return; }
  let row = (g % p.blocks) * TALL;
  let end = min(row + TALL, p.n);
  let ki = (head / p.heads) * p.kBatch + (head % p.heads) * p.kHead;
  let qi = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead;
  let yi = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead;
  var keyAt: Starts;
  var valueAt: Starts;
  var key: Starts;
  for (var i = 0u; i < 4u; i++) {
    key[i] = min(row + i * S + lane, p.n - 1u);
    keyAt[i] = ki + key[i] * p.kRow + p.kOffset;
    valueAt[i] = ki + key[i] * p.kRow + p.vOffset;
  }
  // Columns of the bias that these keys can meet, in fours.
  let h0 = row / p.w;
  let h1 = (end - 1u) / p.w;
  let w0 = select(0u, row % p.w / 4u, h0 == h1);
  let w1 = select((p.w - 1u) / 4u, (end - 1u) % p.w / 4u, h0 == h1);
  var k0: Tile; var k1: Tile; var k2: Tile; var k3: Tile;
  var v0: Tile; var v1: Tile; var v2: Tile; var v3: Tile;
  let e0 = min(lane, p.dv - 1u);
  let e1 = min(lane + S, p.dv - 1u);
  let e2 = min(lane + 2u * S, p.dv - 1u);
  let e3 = min(lane + 3u * S, p.dv - 1u);
  let unit = p.dv * 4u * S; // vec4 of a packed tile
  for (var tile = 0u; tile < p.tiles; tile++) {
    let at = (head * p.tiles + tile) * unit;
    let query = tile * S + lane; // in vec4
    var s = Tile();
    if (REL) {
      let bi = (head * p.tiles + tile) * p.biasRow * S + lane;
      for (var j = h0 / 4u; j <= h1 / 4u; j++) {
        let a = Fetched(unitOf(j * 4u, key[0] / p.w), unitOf(j * 4u, key[1] / p.w), unitOf(j * 4u, key[2] / p.w), unitOf(j * 4u, key[3] / p.w));
        s = mixTile(biasAt(bi + j * 4u * S), a, s);
      }
      for (var j = w0; j <= w1; j++) {
        let a = Fetched(unitOf(j * 4u, key[0] % p.w), unitOf(j * 4u, key[1] % p.w), unitOf(j * 4u, key[2] % p.w), unitOf(j * 4u, key[3] % p.w));
        s = mixTile(biasAt(bi + (p.hp + j * 4u) * S), a, s);
      }
    }
    s = mixHead(&columns, at + lane, &k, keyAt, s);
    let t0 = mixHead(&columns, p.second + at + lane, &v, valueAt, Tile());
    s = expTileColumns(s, stats[head * p.tiles * S + query]);
    let t = softmaxGradTileColumns(s, t0, stats[(p.count + head) * p.tiles * S + query]);
    let begin = tile * 4u * S;
    v0 = mixGrads(s, begin, yi + e0, v0);
    k0 = mixQueries(t, begin, qi + e0, k0);
    if (CH > 1u) {
      v1 = mixGrads(s, begin, yi + e1, v1);
      k1 = mixQueries(t, begin, qi + e1, k1);
    }
    if (CH > 2u) {
      v2 = mixGrads(s, begin, yi + e2, v2);
      k2 = mixQueries(t, begin, qi + e2, k2);
    }
    if (CH > 3u) {
      v3 = mixGrads(s, begin, yi + e3, v3);
      k3 = mixQueries(t, begin, qi + e3, k3);
    }
  }
  var di = ki + row * p.kRow + lane;
  for (var i = row; i < end; i++) {
    let dk = p.dkOffset + di;
    let dv = p.dvOffset + di;
    if (lane < p.dv) { dkv[dk] = first(k0) * p.scale; dkv[dv] = first(v0); }
    if (CH > 1u && lane + S < p.dv) { dkv[dk + S] = first(k1) * p.scale; dkv[dv + S] = first(v1); }
    if (CH > 2u && lane + 2u * S < p.dv) { dkv[dk + 2u * S] = first(k2) * p.scale; dkv[dv + 2u * S] = first(v2); }
    if (CH > 3u && lane + 3u * S < p.dv) { dkv[dk + 3u * S] = first(k3) * p.scale; dkv[dv + 3u * S] = first(v3); }
    di += p.kRow;
    k0 = turnTile(k0);
    v0 = turnTile(v0);
    if (CH > 1u) { k1 = turnTile(k1); v1 = turnTile(v1); }
    if (CH > 2u) { k2 = turnTile(k2); v2 = turnTile(v2); }
    if (CH > 3u) { k3 = turnTile(k3); v3 = turnTile(v3); }
  }
}
