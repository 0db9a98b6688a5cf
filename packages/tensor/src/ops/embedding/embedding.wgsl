// y [N, D] = rows of weight [V, D] named by idx [N]. A lane owns every 64th element of its workgroup's run of 64 per. An index
// outside 0 .. V - 1 gives a row of NaN, so that it does not pass unseen.

const WG: u32 = 64u;
alias Elem = f32;

struct Params { count: u32, per: u32, rows: u32, width: u32, nan: u32 }

@group(0) @binding(0) var<storage, read> weight: array<Elem>;
@group(0) @binding(1) var<storage, read> idx: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let n = i / p.width;
    let row = idx[n];
    var v = Elem(bitcast<f32>(p.nan));
    if (row < p.rows) { v = weight[row * p.width + i - n * p.width]; }
    y[i] = v;
  }
}
