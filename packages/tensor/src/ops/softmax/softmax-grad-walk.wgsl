enable subgroups;
// dx = y (dy - sum(y dy)) over rows, for CPU-backed adapters with narrow subgroups (see softmax-walk): a subgroup walks a row
// twice, once for the sum and once to write.

const S: u32 = 4u; // lanes of a subgroup
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32 }

@group(0) @binding(0) var<storage, read> y: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> dy: array<Elem>;
@group(0) @binding(2) var<storage, read_write> dx: array<Elem>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = (group.y * groups.x + group.x) * p.per;
  for (var row = first; row < min(first + p.per, p.rows); row++) {
    let base = row * p.width;
    var sum = Elem();
    for (var i = lane; i < p.width; i += S) { sum += y[base + i] * dy[base + i]; }
    let dot = subgroupAdd(total(sum));
    for (var i = lane; i < p.width; i += S) { dx[base + i] = y[base + i] * (dy[base + i] - dot); }
  }
}
