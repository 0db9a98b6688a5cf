// What TENSOR_NAN looks at: how many values are not finite, and the range of those that are.
// Workgroups stride over the words; each reduces in workgroup memory, then adds itself to four words with atomics (integer
// minimum, maximum and sum: the order does not matter). Floats compare as integers after `ordered`.
// Traffic: reads x once. Non-finite is decided on the bits, which no fast-math assumption removes.

const WG: u32 = 64u;
/// Two half-precision values in a word.
const HALF: bool = false;

@group(0) @binding(0) var<storage, read> x: array<u32>; // [N] values
@group(0) @binding(1) var<storage, read_write> stats: array<atomic<u32>>; // [R, 4]: bad, lowest, highest, -
struct Params { count: u32, record: u32 }
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> bad: array<u32, WG>;
var<workgroup> low: array<u32, WG>;
var<workgroup> high: array<u32, WG>;

fn ordered(bits: u32) -> u32 {
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var n = 0u;
  var lowest = 0xffffffffu;
  var highest = 0u;
  for (var i = group.x * WG + lane; i < p.count; i += groups.x * WG) {
    var bits: u32;
    var finite: bool;
    if (HALF) {
      let half = (x[i / 2u] >> ((i % 2u) * 16u)) & 0xffffu;
      finite = (half & 0x7c00u) != 0x7c00u;
      bits = bitcast<u32>(unpack2x16float(select(0u, half, finite)).x);
    } else {
      bits = x[i];
      finite = (bits & 0x7f800000u) != 0x7f800000u;
    }
    if (finite) {
      lowest = min(lowest, ordered(bits));
      highest = max(highest, ordered(bits));
    } else {
      n += 1u;
    }
  }
  bad[lane] = n;
  low[lane] = lowest;
  high[lane] = highest;
  workgroupBarrier();
  for (var step = WG / 2u; step > 0u; step /= 2u) {
    if (lane < step) {
      bad[lane] += bad[lane + step];
      low[lane] = min(low[lane], low[lane + step]);
      high[lane] = max(high[lane], high[lane + step]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    atomicAdd(&stats[p.record * 4u], bad[0]);
    atomicMin(&stats[p.record * 4u + 1u], low[0]);
    atomicMax(&stats[p.record * 4u + 2u], high[0]);
  }
}
