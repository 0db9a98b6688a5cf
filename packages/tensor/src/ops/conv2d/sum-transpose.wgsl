// y[r, c] = (y[r, c] if ADD) + sum over n of x[n, c, r]: cuts a strip out of a weight and turns it round, or folds the
// per-image gradients of a strip into the weight's gradient. A lane owns one element and adds in the order of n.

const ADD: bool = false;
alias Elem = f32;

struct Params {
  rows: u32, cols: u32, // of the result
  count: u32, // matrices to add up
  stride: u32, // elements between them
  firstX: u32, lineX: u32, // first element of x, and elements between its rows
  firstY: u32, lineY: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [count, cols, rows] inside a larger matrix
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [rows, cols] inside a larger matrix
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var r = lane.y; r < p.rows; r += groups.y * 8u) {
    for (var c = lane.x; c < p.cols; c += groups.x * 8u) {
      let to = p.firstY + r * p.lineY + c;
      var sum = 0.0;
      if (ADD) { sum = y[to]; }
      for (var n = 0u; n < p.count; n++) { sum += f32(x[n * p.stride + p.firstX + c * p.lineX + r]); }
      y[to] = sum;
    }
  }
}
