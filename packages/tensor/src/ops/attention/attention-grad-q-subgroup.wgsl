enable subgroups;
// dq of streaming attention for adapters whose subgroups have S lanes. A subgroup owns a tile of query rows and runs over tiles
// of 4 S keys: scores again, the weights from the log-sum-exp, their gradient from dy and the values, then ds times the keys.
// With REL it also leaves the gradient of the rows' bias factors: ds summed over kw (each tile) and over kh (each chunk).

const S: u32 = 8u; // lanes of a subgroup
const CH: u32 = 2u; // vec4 of channels per lane
const REL: bool = false;

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
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32,
  lanes: u32, // S, as a number that no compiler unrolls loops by
  np: u32, // rows of stats, with padding
  second: u32, // where the values start in keys
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<Part>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> dy: array<Part>; // [B, A, N, D] by strides
@group(0) @binding(2) var<storage, read> keys: array<vec4f>; // [B * A, tiles, D, S]: keys times the scale; then values
@group(0) @binding(3) var<storage, read> rows: array<vec4f>; // keys: [B, A, Nk, D] by strides
@group(0) @binding(4) var<storage, read> bias: array<vec4f>; // [B * A, N, biasRow]
@group(0) @binding(5) var<storage, read> stats: array<f32>; // [2, B * A, np]: log-sum-exp, sum of dy * y
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>; // [B, A, N, D], strides of q
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>; // [B * A, N, biasRow * 4]
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  if (head >= p.count) { return; }
  let row = (g % p.blocks) * TALL;
  let end = min(row + TALL, p.n);
  let qi = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead;
  let ki = (head / p.heads) * p.kBatch + (head % p.heads) * p.kHead + p.kOffset;
  let yi = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead;
  var queryAt: Starts;
  var gradAt: Starts;
  var biasAt: Starts;
  var x: array<f32, 4>;
  var z: array<f32, 4>;
  for (var i = 0u; i < 4u; i++) {
    let r = min(row + i * S + lane, p.n - 1u);
    queryAt[i] = qi + r * p.qRow;
    gradAt[i] = yi + r * p.yRow;
    biasAt[i] = (head * p.n + r) * p.biasRow;
    x[i] = stats[head * p.np + r];
    z[i] = stats[(p.count + head) * p.np + r];
  }
  let lse = fetchedStats(x);
  let delta = fetchedStats(z);
  var o0: Tile; var o1: Tile; var o2: Tile; var o3: Tile;
  let e0 = min(lane, p.dv - 1u);
  let e1 = min(lane + S, p.dv - 1u);
  let e2 = min(lane + 2u * S, p.dv - 1u);
  let e3 = min(lane + 3u * S, p.dv - 1u);
  let tiles = p.chunks * p.steps;
  let unit = p.dv * 4u * S; // vec4 of a packed tile
  let line = min(p.wp / 4u, S); // lanes on one line of the grid
  let biasLength = p.biasRow * 4u;
  var base: Tile;
  var dbase: Tile;
  for (var tile = 0u; tile < tiles; tile++) {
    let chunk = tile / p.steps;
    let step = tile % p.steps;
    let at = (head * tiles + tile) * unit;
    if (step == 0u) {
      base = scoreBase(chunk, lane, biasAt);
      dbase = Tile();
    }
    var s = expTile(addScores(base, step, at, lane, queryAt, biasAt), lse);
    s = softmaxGradTile(s, mixHead(&keys, p.second + at + lane, &dy, gradAt, Tile()), delta);
    o0 = mixKeys(s, tile, ki + e0, o0);
    if (CH > 1u) { o1 = mixKeys(s, tile, ki + e1, o1); }
    if (CH > 2u) { o2 = mixKeys(s, tile, ki + e2, o2); }
    if (CH > 3u) { o3 = mixKeys(s, tile, ki + e3, o3); }
    if (REL) {
      var sum = sumsOf(s);
      for (var m = 1u; m < line; m *= 2u) { sum = addLaneTileStats(sum, m); }
      let kh = step * (S / line) + lane / line;
      for (var i = lane % line; row + i < end; i += line) {
        let b = (head * p.n + row + i) * biasLength + kh;
        var v = pickOf(sum, i);
        if (chunk > 0u) { v += dbias[b]; }
        dbias[b] = v;
      }
      dbase = addTiles(dbase, s);
      if (step == p.steps - 1u) {
        for (var m = line; m < p.lanes; m *= 2u) { dbase = addLaneTile(dbase, m); }
        var b = (head * p.n + row) * biasLength + (p.hp + chunk * S + lane) * 4u;
        for (var i = row; i < end; i++) {
          if (lane < line) {
            for (var e = 0u; e < 4u; e++) { dbias[b + e] = first(dbase)[e]; }
          }
          b += biasLength;
          dbase = turnTile(dbase);
        }
      }
    }
  }
  var di = qi + row * p.qRow + lane;
  for (var i = row; i < end; i++) {
    if (lane < p.dv) { dq[di] = first(o0) * p.scale; }
    if (CH > 1u && lane + S < p.dv) { dq[di + S] = first(o1) * p.scale; }
    if (CH > 2u && lane + 2u * S < p.dv) { dq[di + 2u * S] = first(o2) * p.scale; }
    if (CH > 3u && lane + 3u * S < p.dv) { dq[di + 3u * S] = first(o3) * p.scale; }
    di += p.qRow;
    o0 = turnTile(o0);
    if (CH > 1u) { o1 = turnTile(o1); }
    if (CH > 2u) { o2 = turnTile(o2); }
    if (CH > 3u) { o3 = turnTile(o3); }
  }
}
