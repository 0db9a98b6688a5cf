// y [B, C, R] = x [B, R, C] with the last two dimensions swapped, for any sizes: the tiles of transpose.wgsl, element by
// element. Each 4 x 4 tile of a lane and each 32 x 32 tile of a workgroup stays in the cache between its reads and writes.

struct Params {
  batch: u32,
  rows: u32, // R
  cols: u32, // C
  tilesR: u32, // tiles of 32
  tilesC: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let b = tile / (p.tilesR * p.tilesC);
  let row = ((tile / p.tilesC) % p.tilesR) * 32u + (lane / 8u) * 4u;
  let col = (tile % p.tilesC) * 32u + (lane % 8u) * 4u;
  if (b >= p.batch || row >= p.rows || col >= p.cols) { return; }
  let base = b * p.rows * p.cols;
  for (var j = 0u; j < min(4u, p.cols - col); j++) {
    for (var i = 0u; i < min(4u, p.rows - row); i++) {
      y[base + (col + j) * p.rows + row + i] = x[base + (row + i) * p.cols + col + j];
    }
  }
}
