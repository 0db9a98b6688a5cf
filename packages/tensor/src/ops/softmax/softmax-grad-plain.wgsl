// dx = y (dy - sum(y dy)) over rows of any length without subgroups: LANES lanes of a workgroup of 64 share a row. Two passes;
// the second finds y and dy in the cache.

const LANES: u32 = 64u; // lanes of a row: 64, 16, 4 or 1
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32 }

@group(0) @binding(0) var<storage, read> y: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> dy: array<Elem>;
@group(0) @binding(2) var<storage, read_write> dx: array<Elem>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) index: u32) {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + index / LANES;
  let lane = index % LANES;
  let base = row * p.width;
  let width = select(0u, p.width, row < p.rows);
  var sum = Elem();
  for (var i = lane; i < width; i += LANES) { sum += y[base + i] * dy[base + i]; }
  let dot = rowSum(index, total(sum), LANES);
  for (var i = lane; i < width; i += LANES) { dx[base + i] = y[base + i] * (dy[base + i] - dot); }
}
