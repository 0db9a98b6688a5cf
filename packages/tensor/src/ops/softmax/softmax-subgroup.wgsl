enable subgroups;
// Softmax over rows for subgroups of one size S: a subgroup owns `per` rows, one after the other, and holds each in registers,
// so that every element is read once, raised once and written once. Rows are at most S * ITEMS long (in Elem).

const S: u32 = 8u; // lanes of a subgroup
const ITEMS: u32 = 8u; // elements that a lane holds
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = (group.y * groups.x + group.x) * p.per;
  for (var row = first; row < min(first + p.per, p.rows); row++) {
    let base = row * p.width;
    var v: array<Elem, ITEMS>;
    var top = Elem(-3.4e38);
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) {
        v[k] = x[base + i];
        top = max(top, v[k]);
      }
    }
    let most = subgroupMax(largest(top));
    var sum = Elem();
    for (var k = 0u; k < ITEMS; k++) {
      if (k * S + lane < p.width) {
        v[k] = exp(v[k] - most);
        sum += v[k];
      }
    }
    let scale = 1.0 / subgroupAdd(total(sum));
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) { y[base + i] = v[k] * scale; }
    }
  }
}
