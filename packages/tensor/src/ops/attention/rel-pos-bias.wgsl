// The two factors of SAM's decomposed relative position bias: bias[q, kh] = q . h[qh - kh + H - 1] and
// bias[q, hp + kw] = q . w[qw - kw + W - 1], of the unscaled query. One lane per element.

const WG: u32 = 64u;
const LINES: bool = false; // lines along the queries instead of a row per query
alias Elem = f32; // vec4f where heads and strides are whole vec4
const PART: f32 = 0.25; // 1 for vec4f: a f32 stands four times in its vec4f

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  h: u32, w: u32,
  hp: u32, biasRow: u32, // where the kw part of a row starts; length of a row
  dim: u32, // this and the strides in Elem
  qBatch: u32, qHead: u32, qRow: u32,
}

@group(0) @binding(0) var<storage, read> q: array<Elem>; // [B, A, H * W, D] by strides
@group(0) @binding(1) var<storage, read> tableH: array<Elem>; // [2 H - 1, D]
@group(0) @binding(2) var<storage, read> tableW: array<Elem>; // [2 W - 1, D]
@group(0) @binding(3) var<storage, read_write> bias: array<f32>; // [B * A, H * W, biasRow], or [B * A, biasRow, H * W] if LINES
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  let n = p.h * p.w;
  if (i >= p.count * n * p.biasRow) { return; }
  let col = select(i % p.biasRow, (i / n) % p.biasRow, LINES);
  let row = select((i / p.biasRow) % n, i % n, LINES);
  let head = i / (p.biasRow * n);
  let at = (head / p.heads) * p.qBatch + (head % p.heads) * p.qHead + row * p.qRow;
  var sum = Elem();
  if (col < p.h) {
    let t = (row / p.w + p.h - 1u - col) * p.dim;
    for (var d = 0u; d < p.dim; d++) { sum = fma(q[at + d], tableH[t + d], sum); }
  } else if (col >= p.hp && col - p.hp < p.w) {
    let t = (row % p.w + p.w - 1u - (col - p.hp)) * p.dim;
    for (var d = 0u; d < p.dim; d++) { sum = fma(q[at + d], tableW[t + d], sum); }
  }
  let key = col < p.h || (col >= p.hp && col - p.hp < p.w);
  bias[i] = select(-1e30, dot(vec4f(sum), vec4f(PART)), key);
}
