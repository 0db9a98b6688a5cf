enable subgroups;
// dx = rstd (t - mean(t) - n mean(t n)) over rows, with t = weight dy and n = (x - mean) rstd, for CPU-backed adapters with narrow
// subgroups (see layer-norm-walk): a subgroup walks two rows side by side, once for the two means and once to write.

const S: u32 = 4u; // lanes of a subgroup
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
  let end = min(first + p.per, p.rows);
  for (var row = first; row < end; row += 2u) {
    let other = min(row + 1u, end - 1u); // the same row again past the end
    let at0 = row * p.width;
    let at1 = other * p.width;
    let m0 = stats[row];
    let m1 = stats[other];
    var t0 = Elem(); var t1 = Elem();
    var u0 = Elem(); var u1 = Elem();
    for (var i = lane; i < p.width; i += S) {
      let w = weight[i];
      let g0 = dy[at0 + i] * w; t0 += g0; u0 += g0 * (x[at0 + i] - m0.x);
      let g1 = dy[at1 + i] * w; t1 += g1; u1 += g1 * (x[at1 + i] - m1.x);
    }
    let n = f32(p.cols);
    let a0 = subgroupAdd(total(t0)) / n;
    let a1 = subgroupAdd(total(t1)) / n;
    let b0 = subgroupAdd(total(u0)) * m0.y * m0.y / n;
    let b1 = subgroupAdd(total(u1)) * m1.y * m1.y / n;
    for (var i = lane; i < p.width; i += S) {
      let w = weight[i];
      dx[at0 + i] = m0.y * (dy[at0 + i] * w - a0 - (x[at0 + i] - m0.x) * b0);
      dx[at1 + i] = m1.y * (dy[at1 + i] * w - a1 - (x[at1 + i] - m1.x) * b1);
    }
  }
}
