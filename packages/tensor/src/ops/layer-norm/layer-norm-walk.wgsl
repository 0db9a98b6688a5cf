enable subgroups;
// Layer normalisation over rows for CPU-backed adapters whose subgroups are too narrow to hold a row in registers: there an array
// per lane costs as much as memory. A subgroup walks four rows side by side, twice: once for sums, once to write, so that weight
// and bias are read once for all four. Sums are taken around a row's first element: it is one of the row, so (it - mean)^2 is at
// most `cols` variances, and cancellation cannot eat more than that.

const S: u32 = 4u; // lanes of a subgroup
const PARTS: u32 = 4u; // numbers in an Elem
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, per: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> weight: array<Elem>; // [width]
@group(0) @binding(2) var<storage, read> bias: array<Elem>; // [width]
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>; // [rows]: mean, 1 / deviation
@group(0) @binding(5) var<uniform> p: Params;

fn moments(sum: Elem, squares: Elem, shift: f32) -> vec2f {
  let n = f32(p.cols);
  let off = subgroupAdd(total(sum)) / n;
  let variance = max(subgroupAdd(total(squares)) / n - off * off, 0.0);
  return vec2f(shift + off, 1.0 / sqrt(variance + p.eps));
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = (group.y * groups.x + group.x) * p.per;
  let end = min(first + p.per, p.rows);
  for (var row = first; row < end; row += 4u) {
    // rows past the end are walked as the last one
    let last = end - 1u;
    let at0 = row * p.width;
    let at1 = min(row + 1u, last) * p.width;
    let at2 = min(row + 2u, last) * p.width;
    let at3 = min(row + 3u, last) * p.width;
    let shift0 = vec4f(x[at0]).x;
    let shift1 = vec4f(x[at1]).x;
    let shift2 = vec4f(x[at2]).x;
    let shift3 = vec4f(x[at3]).x;
    var s0 = Elem(); var s1 = Elem(); var s2 = Elem(); var s3 = Elem();
    var q0 = Elem(); var q1 = Elem(); var q2 = Elem(); var q3 = Elem();
    for (var i = lane; i < p.width; i += S) {
      let d0 = x[at0 + i] - shift0; s0 += d0; q0 += d0 * d0;
      let d1 = x[at1 + i] - shift1; s1 += d1; q1 += d1 * d1;
      let d2 = x[at2 + i] - shift2; s2 += d2; q2 += d2 * d2;
      let d3 = x[at3 + i] - shift3; s3 += d3; q3 += d3 * d3;
    }
    let m0 = moments(s0, q0, shift0);
    let m1 = moments(s1, q1, shift1);
    let m2 = moments(s2, q2, shift2);
    let m3 = moments(s3, q3, shift3);
    for (var i = lane; i < p.width; i += S) {
      let w = weight[i];
      let b = bias[i];
      y[at0 + i] = (x[at0 + i] - m0.x) * m0.y * w + b;
      y[at1 + i] = (x[at1 + i] - m1.x) * m1.y * w + b;
      y[at2 + i] = (x[at2 + i] - m2.x) * m2.y * w + b;
      y[at3 + i] = (x[at3 + i] - m3.x) * m3.y * w + b;
    }
    if (lane == 0u) {
      stats[row] = m0;
      stats[min(row + 1u, last)] = m1;
      stats[min(row + 2u, last)] = m2;
      stats[min(row + 3u, last)] = m3;
    }
  }
}
