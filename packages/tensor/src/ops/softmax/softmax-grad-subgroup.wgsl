enable subgroups;
// dx = y (dy - sum(y dy)) over rows, for subgroups of one size S: a subgroup owns `per` rows and holds y and y dy of each in
// registers, so that everything is read and written once.

const S: u32 = 8u; // lanes of a subgroup
const ITEMS: u32 = 8u; // elements that a lane holds
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
    var v: array<Elem, ITEMS>; // y
    var t: array<Elem, ITEMS>; // y dy
    var sum = Elem();
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) {
        v[k] = y[base + i];
        t[k] = v[k] * dy[base + i];
        sum += t[k];
      }
    }
    let dot = subgroupAdd(total(sum));
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) { dx[base + i] = t[k] - v[k] * dot; }
    }
  }
}
