enable subgroups;
// Layer normalisation over rows, for subgroups of one size S: a subgroup owns `per` rows, one after the other, and holds each in
// registers: one read and one write of x's bytes. The variance is taken around the mean, in a second walk over the registers.

const S: u32 = 8u; // lanes of a subgroup
const ITEMS: u32 = 8u; // elements that a lane holds
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> weight: array<Elem>; // [width]
@group(0) @binding(2) var<storage, read> bias: array<Elem>; // [width]
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>; // [rows]: mean, 1 / deviation
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = (group.y * groups.x + group.x) * p.per;
  var w: array<Elem, ITEMS>; // weight and bias serve all rows
  var b: array<Elem, ITEMS>;
  for (var k = 0u; k < ITEMS; k++) {
    let i = k * S + lane;
    if (i < p.width) {
      w[k] = weight[i];
      b[k] = bias[i];
    }
  }
  for (var row = first; row < min(first + p.per, p.rows); row++) {
    let base = row * p.width;
    var v: array<Elem, ITEMS>;
    var sum = Elem();
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) {
        v[k] = x[base + i];
        sum += v[k];
      }
    }
    let mean = subgroupAdd(total(sum)) / f32(p.cols);
    sum = Elem();
    for (var k = 0u; k < ITEMS; k++) {
      if (k * S + lane < p.width) {
        v[k] -= mean;
        sum += v[k] * v[k];
      }
    }
    let rstd = 1.0 / sqrt(subgroupAdd(total(sum)) / f32(p.cols) + p.eps);
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) { y[base + i] = v[k] * rstd * w[k] + b[k]; }
    }
    if (lane == 0u) { stats[row] = vec2f(mean, rstd); }
  }
}
