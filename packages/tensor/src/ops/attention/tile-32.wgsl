// A tile of 32 rows in a subgroup of eight lanes (lavapipe), where a load takes as long as sixty sums: a tile twice as tall needs half
// of the loads per sum. Its loops take two channels at a time, because with four they outgrow what a processor holds of decoded code.

const TALL: u32 = 32u; // rows
const PARTS: u32 = 2u; // loads of a row per vec4 of channels
alias Part = vec2f;
struct Tile { a: Rows, b: Rows }
struct TileStats { a: Stats, b: Stats }

fn mix2(m0: vec4f, m1: vec4f, a: vec2f, c: vec4f) -> vec4f { return fma(m1, vec4f(a.y), fma(m0, vec4f(a.x), c)); }
// Row i += m0 a.x + m1 a.y, with a what lane i % 8 fetched: x for the first eight rows, y for the others.
fn mixPair(m0: vec4f, m1: vec4f, x: vec2f, y: vec2f, c: Rows) -> Rows {
  return Rows(
    mix2(m0, m1, subgroupBroadcast(x, 0u), c.r0), mix2(m0, m1, subgroupBroadcast(x, 1u), c.r1),
    mix2(m0, m1, subgroupBroadcast(x, 2u), c.r2), mix2(m0, m1, subgroupBroadcast(x, 3u), c.r3),
    mix2(m0, m1, subgroupBroadcast(x, 4u), c.r4), mix2(m0, m1, subgroupBroadcast(x, 5u), c.r5),
    mix2(m0, m1, subgroupBroadcast(x, 6u), c.r6), mix2(m0, m1, subgroupBroadcast(x, 7u), c.r7),
    mix2(m0, m1, subgroupBroadcast(y, 0u), c.r8), mix2(m0, m1, subgroupBroadcast(y, 1u), c.r9),
    mix2(m0, m1, subgroupBroadcast(y, 2u), c.r10), mix2(m0, m1, subgroupBroadcast(y, 3u), c.r11),
    mix2(m0, m1, subgroupBroadcast(y, 4u), c.r12), mix2(m0, m1, subgroupBroadcast(y, 5u), c.r13),
    mix2(m0, m1, subgroupBroadcast(y, 6u), c.r14), mix2(m0, m1, subgroupBroadcast(y, 7u), c.r15),
  );
}

fn mixTile(m: mat4x4f, a: Fetched, c: Tile) -> Tile {
  return Tile(mixFetched(m, a, c.a), mixFetched(m, Fetched(a[2], a[3], vec4f(), vec4f()), c.b));
}
// c + columns, [D, S], from `at` on, times the rows of x that begin at `starts` (in vec4).
fn mixHead(columns: ptr<storage, array<vec4f>, read>, at: u32, x: ptr<storage, array<Part>, read>, starts: Starts, c: Tile) -> Tile {
  var s = c;
  for (var d = 0u; d < 2u * p.dv; d++) {
    let i = at + d * 2u * S;
    let m0 = columns[i];
    let m1 = columns[i + S];
    s = Tile(
      mixPair(m0, m1, x[2u * starts[0] + d], x[2u * starts[1] + d], s.a),
      mixPair(m0, m1, x[2u * starts[2] + d], x[2u * starts[3] + d], s.b),
    );
  }
  return s;
}
fn mixLanes(m: mat4x4f, t: Tile, j: u32, c: Tile) -> Tile { return Tile(mixLane(m, t.a, j, c.a), mixLane(m, t.b, j, c.b)); }
fn sameTile(v: vec4f) -> Tile { return Tile(sameRows(v), sameRows(v)); }
fn scaleTile(a: Tile, s: TileStats) -> Tile { return Tile(scaleRows(a.a, s.a), scaleRows(a.b, s.b)); }
fn expTile(a: Tile, s: TileStats) -> Tile { return Tile(expRows(a.a, s.a), expRows(a.b, s.b)); }
fn topsOf(a: Tile) -> TileStats { return TileStats(tops(a.a), tops(a.b)); }
fn sumsOf(a: Tile) -> TileStats { return TileStats(sums(a.a), sums(a.b)); }
fn sameStats(v: f32) -> TileStats {
  let s = Stats(vec4f(v), vec4f(v), vec4f(v), vec4f(v));
  return TileStats(s, s);
}
fn fetchedStats(a: array<f32, 4>) -> TileStats { return TileStats(statsOf(a), statsOf(array<f32, 4>(a[2], a[3], 0.0, 0.0))); }
fn anyAbove(a: TileStats, b: TileStats) -> bool { return above(a.a, b.a) || above(a.b, b.b); }
@diagnostic(off, subgroup_uniformity)
fn maxOverLanes(a: TileStats, b: TileStats) -> TileStats { return TileStats(maxLanes(a.a, b.a), maxLanes(a.b, b.b)); }
fn sumOverLanes(a: TileStats) -> TileStats { return TileStats(sumLanes(a.a), sumLanes(a.b)); }
fn expLess(a: TileStats, b: TileStats) -> TileStats { return TileStats(expDifference(a.a, b.a), expDifference(a.b, b.b)); }
fn times(a: TileStats, b: TileStats) -> TileStats { return TileStats(timesStats(a.a, b.a), timesStats(a.b, b.b)); }
fn plus(a: TileStats, b: TileStats) -> TileStats { return TileStats(plusStats(a.a, b.a), plusStats(a.b, b.b)); }
fn first(a: Tile) -> vec4f { return a.a.r0; }
fn firstStat(a: TileStats) -> f32 { return a.a.a.x; }
fn turnTile(a: Tile) -> Tile {
  var t = Tile(turn(a.a), turn(a.b));
  t.a.r15 = a.b.r0;
  t.b.r15 = a.a.r0;
  return t;
}
fn turnTileStats(a: TileStats) -> TileStats {
  var t = TileStats(turnStats(a.a), turnStats(a.b));
  t.a.d.w = a.b.a.x;
  t.b.d.w = a.a.a.x;
  return t;
}
