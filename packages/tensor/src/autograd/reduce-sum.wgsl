// Sums of x over the reduced dimensions of a shape folded to at most six: kept and reduced dimensions in any order.
// One workgroup per (output, chunk): its lanes stride over the chunk's reduced elements, then add up in a fixed tree.
// Reads each element once. The order of additions depends only on the shape, so results repeat bit for bit.

const WG: u32 = 64u;
const RUNS: u32 = 3u; // reduced runs of x: 1 needs no division

struct Params {
  outputs: u32, // kept elements
  chunks: u32, // partial sums per output
  reduced: u32, // elements per output
  chunk: u32, // elements per partial sum
  scale: f32,
  k1: u32, k2: u32, // sizes of the second and third kept dimension
  ks0: u32, ks1: u32, ks2: u32, // strides of the kept dimensions
  r1: u32, r2: u32, // sizes of the second and third reduced dimension
  rs0: u32, rs1: u32, rs2: u32, // strides of the reduced dimensions
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [outputs, chunks]
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> part: array<f32, WG>;

// where reduced element r lies, from the output's first one
fn offset(r: u32) -> u32 {
  if (RUNS == 1u) { return r * p.rs2; }
  return (r / (p.r1 * p.r2)) * p.rs0 + ((r / p.r2) % p.r1) * p.rs1 + (r % p.r2) * p.rs2;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let o = at / p.chunks;
  let first = (at % p.chunks) * p.chunk;
  let base = (o / (p.k1 * p.k2)) * p.ks0 + ((o / p.k2) % p.k1) * p.ks1 + (o % p.k2) * p.ks2;
  var sum = 0.0;
  if (o < p.outputs) {
    for (var r = first + lane; r < min(first + p.chunk, p.reduced); r += WG) {
      sum += x[base + offset(r)];
    }
  }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && o < p.outputs) { y[at] = part[0] * p.scale; }
}
