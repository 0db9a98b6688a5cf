// A tile of 16 rows in a subgroup of four lanes (SwiftShader), under the names that the attention kernels use; tile-32.wgsl has the same
// for eight lanes.

const TALL: u32 = 16u; // rows
const PARTS: u32 = 1u; // loads of a row per vec4 of channels
alias Part = vec4f;
alias Tile = Rows;
alias TileStats = Stats;

fn mixTile(m: mat4x4f, a: Fetched, c: Tile) -> Tile { return mixFetched(m, a, c); }
// c + columns, [D, S], from `at` on, times the rows of x that begin at `starts`.
fn mixHead(columns: ptr<storage, array<vec4f>, read>, at: u32, x: ptr<storage, array<Part>, read>, starts: Starts, c: Tile) -> Tile {
  var s = c;
  for (var d = 0u; d < p.dv; d++) {
    let i = at + d * 4u * S;
    let m = mat4x4f(columns[i], columns[i + S], columns[i + 2u * S], columns[i + 3u * S]);
    s = mixFetched(m, Fetched(x[starts[0] + d], x[starts[1] + d], x[starts[2] + d], x[starts[3] + d]), s);
  }
  return s;
}
fn mixLanes(m: mat4x4f, t: Tile, j: u32, c: Tile) -> Tile { return mixLane(m, t, j, c); }
fn sameTile(v: vec4f) -> Tile { return sameRows(v); }
fn scaleTile(a: Tile, s: TileStats) -> Tile { return scaleRows(a, s); }
fn expTile(a: Tile, s: TileStats) -> Tile { return expRows(a, s); }
fn topsOf(a: Tile) -> TileStats { return tops(a); }
fn sumsOf(a: Tile) -> TileStats { return sums(a); }
fn sameStats(v: f32) -> TileStats { return Stats(vec4f(v), vec4f(v), vec4f(v), vec4f(v)); }
fn fetchedStats(a: array<f32, 4>) -> TileStats { return statsOf(a); }
fn anyAbove(a: TileStats, b: TileStats) -> bool { return above(a, b); }
fn maxOverLanes(a: TileStats, b: TileStats) -> TileStats { return maxLanes(a, b); }
fn sumOverLanes(a: TileStats) -> TileStats { return sumLanes(a); }
fn expLess(a: TileStats, b: TileStats) -> TileStats { return expDifference(a, b); }
fn times(a: TileStats, b: TileStats) -> TileStats { return timesStats(a, b); }
fn plus(a: TileStats, b: TileStats) -> TileStats { return plusStats(a, b); }
fn first(a: Tile) -> vec4f { return a.r0; }
fn firstStat(a: TileStats) -> f32 { return a.a.x; }
fn turnTile(a: Tile) -> Tile { return turn(a); }
fn turnTileStats(a: TileStats) -> TileStats { return turnStats(a); }
