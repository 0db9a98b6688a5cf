enable subgroups;
// dx = rstd (t - mean(t) - n mean(t n)) over rows, with t = weight dy and n = (x - mean) rstd, for subgroups of one size S: a
// subgroup owns `per` rows and holds t and n of each in registers, so that everything is read and written once.

const S: u32 = 8u; // lanes of a subgroup
const ITEMS: u32 = 8u; // elements that a lane holds
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> weight: array<Elem>; // [width]
@group(0) @binding(2) var<storage, read> stats: array<vec2f>; // [rows]: mean, 1 / deviation
@group(0) @binding(3) var<storage, read> dy: array<Elem>; // [rows, width]
@group(0) @binding(4) var<storage, read_write> dx: array<Elem>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = (group.y * groups.x + group.x) * p.per;
  var w: array<Elem, ITEMS>; // weight serves all rows
  for (var k = 0u; k < ITEMS; k++) {
    if (k * S + lane < p.width) { w[k] = weight[k * S + lane]; }
  }
  for (var row = first; row < min(first + p.per, p.rows); row++) {
    let base = row * p.width;
    let s = stats[row];
    var n: array<Elem, ITEMS>;
    var t: array<Elem, ITEMS>;
    var sumT = Elem();
    var sumTN = Elem();
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) {
        n[k] = (x[base + i] - s.x) * s.y;
        t[k] = dy[base + i] * w[k];
        sumT += t[k];
        sumTN += t[k] * n[k];
      }
    }
    let a = subgroupAdd(total(sumT)) / f32(p.cols);
    let b = subgroupAdd(total(sumTN)) / f32(p.cols);
    for (var k = 0u; k < ITEMS; k++) {
      let i = k * S + lane;
      if (i < p.width) { dx[base + i] = s.y * (t[k] - a - n[k] * b); }
    }
  }
}
