// Softmax over rows of any length without subgroups: LANES lanes of a workgroup of 64 share a row and meet in workgroup
// memory. Three passes (maximum; sum of exponentials; result): the second and third find the row in the cache.

const LANES: u32 = 64u; // lanes of a row: 64, 16, 4 or 1
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) index: u32) {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + index / LANES;
  let lane = index % LANES;
  let base = row * p.width;
  let width = select(0u, p.width, row < p.rows);
  var top = Elem(-3.4e38);
  for (var i = lane; i < width; i += LANES) { top = max(top, x[base + i]); }
  let most = rowMax(index, largest(top), LANES);
  var sum = Elem();
  for (var i = lane; i < width; i += LANES) { sum += exp(x[base + i] - most); }
  let scale = 1.0 / rowSum(index, total(sum), LANES);
  for (var i = lane; i < width; i += LANES) { y[base + i] = exp(x[base + i] - most) * scale; }
}
