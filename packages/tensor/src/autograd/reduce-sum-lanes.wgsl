// Sums of x over the reduced dimensions, one lane per output: for many outputs whose neighbours lie side by side in x,
// as in a bias gradient [R, C] -> [C]. Each (output, chunk) pair is one lane; reads are contiguous across lanes.

const WG: u32 = 64u;
const RUNS: u32 = 3u; // reduced runs of x: 1 needs no division

struct Params {
  outputs: u32,
  chunks: u32,
  reduced: u32,
  chunk: u32,
  scale: f32,
  k1: u32, k2: u32,
  ks0: u32, ks1: u32, ks2: u32,
  r1: u32, r2: u32,
  rs0: u32, rs1: u32, rs2: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [chunks, outputs]
@group(0) @binding(2) var<uniform> p: Params;

// where reduced element r lies, from the output's first one
fn offset(r: u32) -> u32 {
  if (RUNS == 1u) { return r * p.rs2; }
  return (r / (p.r1 * p.r2)) * p.rs0 + ((r / p.r2) % p.r1) * p.rs1 + (r % p.r2) * p.rs2;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WG + lane;
  if (at >= p.outputs * p.chunks) { return; }
  let o = at % p.outputs;
  let first = (at / p.outputs) * p.chunk;
  let base = (o / (p.k1 * p.k2)) * p.ks0 + ((o / p.k2) % p.k1) * p.ks1 + (o % p.k2) * p.ks2;
  var sum = 0.0;
  for (var r = first; r < min(first + p.chunk, p.reduced); r++) {
    sum += x[base + offset(r)];
  }
  y[at] = sum * p.scale;
}
