// The column sums of layer normalisation's gradients: dweight = sum over rows of dy n, dbias = sum of dy, n = (x - mean) rstd.
// A lane owns one column (an Elem) of one chunk of rows; neighbours read side by side. The chunks are added afterwards, in
// order, so that two runs give the same bits.

const WG: u32 = 64u;
alias Elem = vec4f; // f32 when rows are no multiple of four

struct Params { rows: u32, width: u32, chunks: u32, chunk: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [rows, width]
@group(0) @binding(1) var<storage, read> stats: array<vec2f>; // [rows]: mean, 1 / deviation
@group(0) @binding(2) var<storage, read> dy: array<Elem>; // [rows, width]
@group(0) @binding(3) var<storage, read_write> sums: array<Elem>; // [2, chunks, width]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WG + lane;
  if (at >= p.width * p.chunks) { return; }
  let col = at % p.width;
  let first = (at / p.width) * p.chunk;
  var dweight = Elem();
  var dbias = Elem();
  for (var row = first; row < min(first + p.chunk, p.rows); row++) {
    let s = stats[row];
    let d = dy[row * p.width + col];
    dbias += d;
    dweight += d * ((x[row * p.width + col] - s.x) * s.y);
  }
  sums[at] = dweight;
  sums[p.width * p.chunks + at] = dbias;
}
