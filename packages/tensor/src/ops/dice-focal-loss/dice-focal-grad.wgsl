// Gradient of the Dice + focal loss: elementwise, from the factors of the second stage. A lane owns every 64th vec4 of its
// workgroup's run of 64 per. On logits the cross entropy's part is p - t; on probabilities (p - t) / max(p (1 - p), 1e-12), as
// PyTorch's.

const LOGITS: bool = true;
const WG: u32 = 64u;

struct Params { count: u32, per: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>; // logits or probabilities
@group(0) @binding(1) var<storage, read> label: array<vec4f>;
@group(0) @binding(2) var<storage, read> factors: array<vec4f>; // [1]
@group(0) @binding(3) var<storage, read> dy: array<f32>; // [1]
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let f = factors[0] * dy[0];
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let v = x[i];
    let t = label[i];
    if (LOGITS) {
      let e = exp(-abs(v));
      let q = select(e, vec4f(1.0), v >= vec4f(0.0)) / (1.0 + e);
      dx[i] = (f.x * t + f.y) * (e / ((1.0 + e) * (1.0 + e))) + f.z * (q - t);
    } else {
      dx[i] = f.x * t + f.y + f.z * (v - t) / max(v * (1.0 - v), vec4f(1e-12));
    }
  }
}
