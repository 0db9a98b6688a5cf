// Copies rows of heads into transposed tiles of 4 S rows for the subgroup kernels: 4 rows side by side in a vec4, channel by
// channel. Tiles follow a token grid whose lines are padded to wp, so that a vec4 of rows lies in one line; places without a
// row hold zeros. One lane moves 4 rows x 4 channels.

const WG: u32 = 64u;
const S: u32 = 8u;

struct Params {
  heads: u32, count: u32, // heads; batch * heads
  dv: u32, // head width in vec4
  h: u32, w: u32, wp: u32, // grid of the rows; length of a line with padding
  tiles: u32, steps: u32, // per head; tiles are counted chunk of the line * steps + step
  offset: u32, batch: u32, head: u32, row: u32, // strides in vec4
  start: u32, // where the result starts, in vec4
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [B * A, tiles, D, S], from start on
@group(0) @binding(2) var<uniform> p: Params;

fn at(base: u32, kh: u32, kw: u32) -> vec4f {
  if (kh >= p.h || kw >= p.w) { return vec4f(); }
  return x[base + (kh * p.w + kw) * p.row] * p.scale;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count * p.tiles * S * p.dv) { return; }
  let d = i % p.dv;
  let four = (i / p.dv) % S; // which four rows of the tile
  let tile = (i / (p.dv * S)) % p.tiles;
  let head = i / (p.dv * S * p.tiles);
  let base = p.offset + (head / p.heads) * p.batch + (head % p.heads) * p.head + d;
  var kh = tile % p.steps;
  var kw = (tile / p.steps) * 4u * S + four * 4u;
  if (p.wp < 4u * S) {
    kh = kh * (4u * S / p.wp) + kw / p.wp;
    kw = kw % p.wp;
  }
  let r0 = at(base, kh, kw);
  let r1 = at(base, kh, kw + 1u);
  let r2 = at(base, kh, kw + 2u);
  let r3 = at(base, kh, kw + 3u);
  let o = p.start + ((head * p.tiles + tile) * p.dv + d) * 4u * S + four;
  y[o] = vec4f(r0.x, r1.x, r2.x, r3.x);
  y[o + S] = vec4f(r0.y, r1.y, r2.y, r3.y);
  y[o + 2u * S] = vec4f(r0.z, r1.z, r2.z, r3.z);
  y[o + 3u * S] = vec4f(r0.w, r1.w, r2.w, r3.w);
}
