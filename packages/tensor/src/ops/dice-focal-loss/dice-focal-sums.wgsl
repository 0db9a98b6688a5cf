// First stage of the Dice + focal loss: sums of p, t, p t and of the cross entropy, one vec4 per workgroup of 64 lanes and `chunk`
// elements. p and t are read once. On logits p = sigmoid(z), and the cross entropy is max(z, 0) - z t + log(1 + e^-|z|), which
// neither overflows nor loses digits; on probabilities the logarithms stop at -100, as PyTorch's do.

const LOGITS: bool = true;

struct Params { count: u32, chunk: u32, chunks: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>; // logits or probabilities
@group(0) @binding(1) var<storage, read> label: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>; // [chunks]
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> part: array<vec4f, 64>;

fn safeLog(v: f32) -> f32 { return select(-100.0, max(log(max(v, 1e-37)), -100.0), v > 1e-37); }

fn terms(v: f32, t: f32) -> vec4f {
  if (LOGITS) {
    let e = exp(-abs(v));
    let q = select(e, 1.0, v >= 0.0) / (1.0 + e);
    // log(1 + e), by its series where 1 + e rounds
    let soft = select(log(1.0 + e), e * (1.0 - 0.5 * e), e < 1e-3);
    return vec4f(q, t, q * t, max(v, 0.0) - v * t + soft);
  }
  return vec4f(v, t, v * t, -(t * safeLog(v) + (1.0 - t) * safeLog(1.0 - v)));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let first = at * p.chunk;
  let end = min(first + p.chunk, p.count);
  var sum = vec4f();
  for (var i = first + lane; i < end; i += 64u) { sum += terms(x[i], label[i]); }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && at < p.chunks) { sums[at] = part[0]; }
}
