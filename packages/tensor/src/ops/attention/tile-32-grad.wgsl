// More of tile-32.wgsl, for the gradient kernels.

fn expTileColumns(a: Tile, v: vec4f) -> Tile { return Tile(expColumns(a.a, v), expColumns(a.b, v)); }
fn softmaxGradTile(a: Tile, b: Tile, s: TileStats) -> Tile { return Tile(softmaxGrad(a.a, b.a, s.a), softmaxGrad(a.b, b.b, s.b)); }
fn softmaxGradTileColumns(a: Tile, b: Tile, v: vec4f) -> Tile {
  return Tile(softmaxGradColumns(a.a, b.a, v), softmaxGradColumns(a.b, b.b, v));
}
fn addTiles(a: Tile, b: Tile) -> Tile { return Tile(addRows(a.a, b.a), addRows(a.b, b.b)); }
fn addLaneTile(a: Tile, m: u32) -> Tile { return Tile(addLane(a.a, m), addLane(a.b, m)); }
fn addLaneTileStats(a: TileStats, m: u32) -> TileStats { return TileStats(addLaneStats(a.a, m), addLaneStats(a.b, m)); }
fn pickOf(a: TileStats, i: u32) -> f32 { return select(pick(a.a, i), pick(a.b, i - 16u), i >= 16u); }
