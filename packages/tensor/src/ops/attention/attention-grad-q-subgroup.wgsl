enable subgroups;
// dq of streaming attention for adapters whose subgroups have one fixed size S. A subgroup owns 16 query rows and runs over tiles
// of 4 S keys: scores again, the weights from the log-sum-exp, their gradient from dy and the values, then ds times the keys.
// With REL it also leaves the gradient of the rows' bias factors: ds summed over kw (each tile) and over kh (each chunk).

const S: u32 = 8u; // lanes of a subgroup
const CH: u32 = 2u; // vec4 of channels per lane
const REL: bool = false;

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
  kBatch: u32, kHead: u32, kRow: u32, kOffset: u32,
  lanes: u32, // S, as a number that no compiler unrolls loops by
  np: u32, // rows of stats, with padding
  second: u32, // where the values start in keys
  scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read> dy: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(2) var<storage, read> keys: array<vec4f>; // [B * A, tiles, D, S]: keys times the scale; then values
@group(0) @binding(3) var<storage, read> rows: array<vec4f>; // keys: [B, A, Nk, D] by strides
@group(0) @binding(4) var<storage, read> bias: array<vec4f>; // [B * A, N, biasRow]
@group(0) @binding(5) var<storage, read> stats: array<f32>; // [2, B * A, np]: log-sum-exp, sum of dy * y
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>; // [B, A, N, D], strides of q
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>; // [B * A, N, biasRow * 4]
@group(0) @binding(8) var<uniform> p: Params;

fn gradsAt(at: Starts, d: u32) -> Fetched {
  if (S == 8u) { return Fetched(dy[at[0] + d], dy[at[1] + d], vec4f(), vec4f()); }
  return Fetched(dy[at[0] + d], dy[at[1] + d], dy[at[2] + d], dy[at[3] + d]);
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let g = group.y * groups.x + group.x;
  let head = g / p.blocks;
  if (head >= p.count) { return; }
  let row = (g % p.blocks) * 16u;
  let end = min(row + 16u, p.n);
  let qi = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead;
  let ki = (head / p.heads) * p.kBatch + (head % p.heads) * p.kHead + p.kOffset;
  let yi = (head / p.heads) * p.yBatch + (head % p.heads) * p.yHead;
  var queryAt: Starts;
  var gradAt: Starts;
  var biasAt: Starts;
  var x: array<f32, 4>;
  var z: array<f32, 4>;
  for (var i = 0u; i < 16u / S; i++) {
    let r = min(row + i * S + lane, p.n - 1u);
    queryAt[i] = qi + r * p.qRow;
    gradAt[i] = yi + r * p.yRow;
    biasAt[i] = (head * p.n + r) * p.biasRow;
    x[i] = stats[head * p.np + r];
    z[i] = stats[(p.count + head) * p.np + r];
  }
  let lse = statsOf(x);
  let delta = statsOf(z);
  var o0: Rows; var o1: Rows; var o2: Rows; var o3: Rows;
  let e0 = min(lane, p.dv - 1u);
  let e1 = min(lane + S, p.dv - 1u);
  let e2 = min(lane + 2u * S, p.dv - 1u);
  let e3 = min(lane + 3u * S, p.dv - 1u);
  let tiles = p.chunks * p.steps;
  let unit = p.dv * 4u * S; // vec4 of a packed tile
  let line = min(p.wp / 4u, S); // lanes on one line of the grid
  let biasLength = p.biasRow * 4u;
  var base: Rows;
  var dbase: Rows;
  for (var tile = 0u; tile < tiles; tile++) {
    let chunk = tile / p.steps;
    let step = tile % p.steps;
    let at = (head * tiles + tile) * unit;
    if (step == 0u) {
      base = scoreBase(chunk, lane, biasAt);
      dbase = Rows();
    }
    var s = expRows(addScores(base, step, at, lane, queryAt, biasAt), lse);
    var t = Rows();
    for (var d = 0u; d < p.dv; d++) {
      t = mixFetched(columnsAt(p.second + at + d * 4u * S + lane), gradsAt(gradAt, d), t);
    }
    s = softmaxGrad(s, t, delta);
    var place = firstPlace(tile);
    for (var j = 0u; j < p.lanes; j++) {
      let key = keysOf(place);
      o0 = mixLane(rowsAt(ki + e0, key), s, j, o0);
      if (CH > 1u) { o1 = mixLane(rowsAt(ki + e1, key), s, j, o1); }
      if (CH > 2u) { o2 = mixLane(rowsAt(ki + e2, key), s, j, o2); }
      if (CH > 3u) { o3 = mixLane(rowsAt(ki + e3, key), s, j, o3); }
      place = nextPlace(place);
    }
    if (REL) {
      var sum = sums(s);
      for (var m = 1u; m < line; m *= 2u) { sum = addLaneStats(sum, m); }
      let kh = step * (S / line) + lane / line;
      for (var i = lane % line; row + i < end; i += line) {
        let b = (head * p.n + row + i) * biasLength + kh;
        var v = pick(sum, i);
        if (chunk > 0u) { v += dbias[b]; }
        dbias[b] = v;
      }
      dbase = addRows(dbase, s);
      if (step == p.steps - 1u) {
        for (var m = line; m < p.lanes; m *= 2u) { dbase = addLane(dbase, m); }
        var b = (head * p.n + row) * biasLength + (p.hp + chunk * S + lane) * 4u;
        for (var i = row; i < end; i++) {
          if (lane < line) {
            for (var e = 0u; e < 4u; e++) { dbias[b + e] = dbase.r0[e]; }
          }
          b += biasLength;
          dbase = turn(dbase);
        }
      }
    }
  }
  var di = qi + row * p.qRow + lane;
  for (var i = row; i < end; i++) {
    if (lane < p.dv) { dq[di] = o0.r0 * p.scale; }
    if (CH > 1u && lane + S < p.dv) { dq[di + S] = o1.r0 * p.scale; }
    if (CH > 2u && lane + 2u * S < p.dv) { dq[di + 2u * S] = o2.r0 * p.scale; }
    if (CH > 3u && lane + 3u * S < p.dv) { dq[di + 3u * S] = o3.r0 * p.scale; }
    di += p.qRow;
    o0 = turn(o0);
    if (CH > 1u) { o1 = turn(o1); }
    if (CH > 2u) { o2 = turn(o2); }
    if (CH > 3u) { o3 = turn(o3); }
  }
}
