// y = f(a, b) with broadcasting, over shapes folded to four dimensions; a stride of 0 repeats an element.
// A lane owns four neighbouring outputs.

const WG: u32 = 64u;

struct Params {
  count: u32,
  d1: u32, d2: u32, d3: u32, // sizes of the inner dimensions
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn f(a: vec4f, b: vec4f) -> vec4f { return a; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i * 4u >= p.count) { return; }
  var u = vec4f();
  var v = vec4f();
  for (var j = 0u; j < 4u; j++) {
    let at = min(i * 4u + j, p.count - 1u);
    let c3 = at % p.d3;
    let c2 = (at / p.d3) % p.d2;
    let c1 = (at / (p.d3 * p.d2)) % p.d1;
    let c0 = at / (p.d3 * p.d2 * p.d1);
    u[j] = a[c0 * p.a0 + c1 * p.a1 + c2 * p.a2 + c3 * p.a3];
    v[j] = b[c0 * p.b0 + c1 * p.b1 + c2 * p.b2 + c3 * p.b3];
  }
  y[i] = f(u, v);
}
