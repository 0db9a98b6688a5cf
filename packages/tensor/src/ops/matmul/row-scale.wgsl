// For every row the power of two that brings its largest magnitude into [1/2, 1), so that what f16 can hold begins at the row's
// own values; 1 for a row of zeros or one that is not finite. One workgroup per row, 128-bit loads side by side.

const WG: u32 = 64u;

struct Params {
  rows: u32,
  width: u32, // of a row in vec4
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>; // [rows, width * 4]
@group(0) @binding(1) var<storage, read_write> scale: array<f32>; // [rows]
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> tops: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= p.rows) { return; }
  var top = vec4f();
  for (var i = lane; i < p.width; i += WG) { top = max(top, abs(x[row * p.width + i])); }
  tops[lane] = max(max(top.x, top.y), max(top.z, top.w));
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lane < half) { tops[lane] = max(tops[lane], tops[lane + half]); }
    workgroupBarrier();
  }
  if (lane > 0u) { return; }
  let most = tops[0];
  var power = 1.0;
  if (most > 1e-30 && most < 1e30) { power = ldexp(1.0, frexp(most).exp); }
  scale[row] = power;
}
