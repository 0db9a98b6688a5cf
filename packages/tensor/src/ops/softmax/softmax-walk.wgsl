enable subgroups;
// Softmax over rows for CPU-backed adapters whose subgroups are too narrow to hold a row in registers: there an array per lane
// costs as much as memory. A subgroup walks a row three times: for the maximum, for the exponentials and their sum, and to divide.
// Two walks with a sum that is corrected whenever the maximum rises are slower there: an exponential costs more than a read.

const S: u32 = 4u; // lanes of a subgroup
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
    var top = Elem(-3.4e38);
    for (var i = lane; i < p.width; i += S) { top = max(top, x[base + i]); }
    let most = subgroupMax(largest(top));
    var sum = Elem();
    for (var i = lane; i < p.width; i += S) {
      let e = exp(x[base + i] - most);
      y[base + i] = e;
      sum += e;
    }
    let scale = 1.0 / subgroupAdd(total(sum));
    for (var i = lane; i < p.width; i += S) { y[base + i] *= scale; }
  }
}
