// The sums over pixels of the gradients of weight and bias: dweight[c] = sum dy n, dbias[c] = sum dy, n = (x - mean) rstd.
// A workgroup owns one chunk of one channel of one image: its lanes read side by side and meet in a fixed tree. The chunks are
// added afterwards, in order.

struct Params { batch: u32, channels: u32, area: u32, chunks: u32, chunk: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>; // [batch, channels, area]
@group(0) @binding(1) var<storage, read> stats: array<f32>; // [2, batch, area]
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>; // [2, batch, channels, chunks]
@group(0) @binding(4) var<uniform> p: Params;

var<workgroup> part: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let count = p.batch * p.channels * p.chunks;
  let plane = at / p.chunks; // batch * channels
  let b = plane / p.channels;
  let first = (at % p.chunks) * p.chunk;
  let end = select(0u, min(first + p.chunk, p.area), at < count);
  var sum = vec2f();
  for (var i = first + lane; i < end; i += 64u) {
    let d = dy[plane * p.area + i];
    let n = (x[plane * p.area + i] - stats[b * p.area + i]) * stats[(p.batch + b) * p.area + i];
    sum += vec2f(d * n, d);
  }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && at < count) {
    sums[at] = part[0].x;
    sums[count + at] = part[0].y;
  }
}
