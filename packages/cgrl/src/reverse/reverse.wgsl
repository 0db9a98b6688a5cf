// dx = -lambda dy for auxiliary samples, exactly 0 for primary ones, whatever dy holds (eq. 2); with ALL, -lambda dy for every
// sample (the standard layer). One element a lane; each is read and written once.

const WG: u32 = 64u;
const ALL: bool = false;

struct Params {
  count: u32,
  row: u32, // elements per sample
  lambda: f32,
}

@group(0) @binding(0) var<storage, read> dy: array<f32>; // [B, ...]
@group(0) @binding(1) var<storage, read> primary: array<i32>; // [B], 1 for primary samples
@group(0) @binding(2) var<storage, read_write> dx: array<f32>; // [B, ...]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count) { return; }
  if (!ALL && primary[i / p.row] != 0i) {
    dx[i] = 0.0;
  } else {
    dx[i] = -p.lambda * dy[i];
  }
}
