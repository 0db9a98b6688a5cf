// Sums of squares of up to seven tensors in one launch, one partial sum per workgroup and 4096 elements. The workgroups run
// through the tensors in turn; a lane adds every 64th vec4, then all meet in a fixed tree, so that two runs give the same bits.

struct Params { n0: u32, n1: u32, n2: u32, n3: u32, n4: u32, n5: u32, n6: u32, offset: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x0: array<vec4f>;
@group(0) @binding(1) var<storage, read> x1: array<vec4f>;
@group(0) @binding(2) var<storage, read> x2: array<vec4f>;
@group(0) @binding(3) var<storage, read> x3: array<vec4f>;
@group(0) @binding(4) var<storage, read> x4: array<vec4f>;
@group(0) @binding(5) var<storage, read> x5: array<vec4f>;
@group(0) @binding(6) var<storage, read> x6: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

const CHUNK: u32 = 4096u;

var<workgroup> part: array<f32, 64>;

fn load(which: u32, i: u32) -> vec4f {
  switch which {
    case 0u: { return x0[i]; }
    case 1u: { return x1[i]; }
    case 2u: { return x2[i]; }
    case 3u: { return x3[i]; }
    case 4u: { return x4[i]; }
    case 5u: { return x5[i]; }
    default: { return x6[i]; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let n = array<u32, 7>(p.n0, p.n1, p.n2, p.n3, p.n4, p.n5, p.n6);
  var which = 0u;
  var chunk = at;
  for (var k = 0u; k < 6u; k++) {
    let chunks = (n[k] + CHUNK - 1u) / CHUNK;
    if (which == k && chunk >= chunks) {
      chunk -= chunks;
      which = k + 1u;
    }
  }
  let end = select(0u, min((chunk + 1u) * CHUNK, n[which]), at < p.total);
  var sum = 0.0;
  for (var i = chunk * CHUNK + lane * 4u; i < end; i += 256u) {
    let inside = vec4u(i, i + 1u, i + 2u, i + 3u) < vec4u(end);
    let v = select(vec4f(0.0), load(which, i / 4u), inside);
    sum += dot(v, v);
  }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && at < p.total) { sums[p.offset + at] = part[0]; }
}
