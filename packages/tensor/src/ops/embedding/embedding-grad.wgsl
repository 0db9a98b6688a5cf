// dweight [V, D]: row v is the sum of dy's rows whose index is v, in the order of idx. A workgroup owns 64 elements of one row;
// all its lanes walk idx together, so the reads of idx are uniform and every dy row is read once. No atomics: the order of
// additions is fixed.

const WG: u32 = 64u;
alias Elem = f32;

struct Params { rows: u32, width: u32, blocks: u32, n: u32 }

@group(0) @binding(0) var<storage, read> idx: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<Elem>; // [N, D]
@group(0) @binding(2) var<storage, read_write> dweight: array<Elem>; // [V, D]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let row = at / p.blocks;
  let col = (at % p.blocks) * WG + lane;
  if (row >= p.rows || col >= p.width) { return; }
  var sum = Elem();
  for (var i = 0u; i < p.n; i++) {
    if (idx[i] == row) { sum += dy[i * p.width + col]; }
  }
  dweight[row * p.width + col] = sum;
}
