// Layer normalisation over the channels of NCHW. A lane owns one pixel (four neighbours when Elem is vec4f) and walks down the
// channels; neighbours read side by side. Three walks: mean, variance around it, result.

const WG: u32 = 64u;
alias Elem = vec4f; // f32 when H W is no multiple of four

struct Params { batch: u32, channels: u32, area: u32, eps: f32 } // area = H W in Elem

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [batch, channels, area]
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [channels]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [channels]
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;
@group(0) @binding(4) var<storage, read_write> stats: array<Elem>; // [2, batch, area]: mean, 1 / deviation
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WG + lane;
  if (at >= p.batch * p.area) { return; }
  let base = (at / p.area) * p.channels * p.area + at % p.area;
  let end = base + p.channels * p.area;
  var sum = Elem();
  for (var i = base; i < end; i += p.area) { sum += x[i]; }
  let mean = sum / f32(p.channels);
  sum = Elem();
  for (var i = base; i < end; i += p.area) {
    let d = x[i] - mean;
    sum += d * d;
  }
  let rstd = 1.0 / sqrt(sum / f32(p.channels) + p.eps);
  for (var c = 0u; c < p.channels; c++) {
    let i = base + c * p.area;
    y[i] = (x[i] - mean) * rstd * weight[c] + bias[c];
  }
  stats[at] = mean;
  stats[p.batch * p.area + at] = rstd;
}
