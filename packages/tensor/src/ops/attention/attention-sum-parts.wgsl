// Adds the parts that a product of attention's gradients was cut into, in order, and writes rows of every head. A lane owns a vec4.

const WG: u32 = 64u;

struct Params {
  count: u32, // vec4 of the result: matrices * m * dv
  m: u32, dv: u32, // rows of a matrix; vec4 of a row
  parts: u32,
  heads: u32, first: u32, // heads of an image; head of the first matrix
  start: u32, batch: u32, head: u32, row: u32, // where c's rows lie, in vec4
  alpha: f32,
}

@group(0) @binding(0) var<storage, read> parts: array<vec4f>; // [parts, matrices, m, dv]
@group(0) @binding(1) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count) { return; }
  let head = p.first + i / p.dv / p.m;
  var sum = vec4f();
  for (var part = 0u; part < p.parts; part++) { sum += parts[part * p.count + i]; }
  c[p.start + head / p.heads * p.batch + head % p.heads * p.head + i / p.dv % p.m * p.row + i % p.dv] = sum * p.alpha;
}
