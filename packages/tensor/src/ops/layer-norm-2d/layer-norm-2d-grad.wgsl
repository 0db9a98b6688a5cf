// dx = rstd (t - mean(t) - n mean(t n)) over the channels of NCHW, with t = weight dy and n = (x - mean) rstd. A lane owns one
// pixel (four neighbours when Elem is vec4f) and walks down the channels twice.

const WG: u32 = 64u;
alias Elem = vec4f; // f32 when H W is no multiple of four

struct Params { batch: u32, channels: u32, area: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [batch, channels, area]
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [channels]
@group(0) @binding(2) var<storage, read> stats: array<Elem>; // [2, batch, area]
@group(0) @binding(3) var<storage, read> dy: array<Elem>;
@group(0) @binding(4) var<storage, read_write> dx: array<Elem>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WG + lane;
  if (at >= p.batch * p.area) { return; }
  let base = (at / p.area) * p.channels * p.area + at % p.area;
  let mean = stats[at];
  let rstd = stats[p.batch * p.area + at];
  var a = Elem();
  var b = Elem();
  for (var c = 0u; c < p.channels; c++) {
    let i = base + c * p.area;
    let t = dy[i] * weight[c];
    a += t;
    b += t * ((x[i] - mean) * rstd);
  }
  a /= f32(p.channels);
  b /= f32(p.channels);
  for (var c = 0u; c < p.channels; c++) {
    let i = base + c * p.area;
    dx[i] = rstd * (dy[i] * weight[c] - a - (x[i] - mean) * rstd * b);
  }
}
