// y [B, C, R] = x [B, R, C] with the last two dimensions swapped, R and C multiples of four. A lane owns a tile of 4 x 4: it
// reads four vec4 along C and writes four vec4 along R, so that the 8 x 8 lanes of a workgroup touch whole 128-byte lines on
// both sides without workgroup memory. Bits are copied as they are.

struct Params {
  batch: u32,
  rows: u32, // R / 4
  cols: u32, // C / 4
  tilesR: u32, // tiles of 8 in rows
  tilesC: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let b = tile / (p.tilesR * p.tilesC);
  let r = ((tile / p.tilesC) % p.tilesR) * 8u + lane / 8u;
  let c = (tile % p.tilesC) * 8u + lane % 8u;
  if (b >= p.batch || r >= p.rows || c >= p.cols) { return; }
  let base = b * p.rows * p.cols * 4u;
  let src = base + r * 4u * p.cols + c;
  let dst = base + c * 4u * p.rows + r;
  let v0 = x[src];
  let v1 = x[src + p.cols];
  let v2 = x[src + 2u * p.cols];
  let v3 = x[src + 3u * p.cols];
  y[dst] = vec4u(v0.x, v1.x, v2.x, v3.x);
  y[dst + p.rows] = vec4u(v0.y, v1.y, v2.y, v3.y);
  y[dst + 2u * p.rows] = vec4u(v0.z, v1.z, v2.z, v3.z);
  y[dst + 3u * p.rows] = vec4u(v0.w, v1.w, v2.w, v3.w);
}
