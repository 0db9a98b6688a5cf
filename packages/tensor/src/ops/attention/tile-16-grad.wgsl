// More of tile-16.wgsl, for the gradient kernels.

fn expTileColumns(a: Tile, v: vec4f) -> Tile { return expColumns(a, v); }
fn softmaxGradTile(a: Tile, b: Tile, s: TileStats) -> Tile { return softmaxGrad(a, b, s); }
fn softmaxGradTileColumns(a: Tile, b: Tile, v: vec4f) -> Tile { return softmaxGradColumns(a, b, v); }
fn addTiles(a: Tile, b: Tile) -> Tile { return addRows(a, b); }
fn addLaneTile(a: Tile, m: u32) -> Tile { return addLane(a, m); }
fn addLaneTileStats(a: TileStats, m: u32) -> TileStats { return addLaneStats(a, m); }
fn pickOf(a: TileStats, i: u32) -> f32 { return pick(a, i); }
