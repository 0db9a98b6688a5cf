// Copies rows of heads into transposed tiles of 4 S rows for the subgroup kernels: 4 rows side by side in a vec4, channel by
// channel. Tiles follow a token grid whose lines are padded to wp, so that a vec4 of rows lies in one line; places without a
// row hold zeros. One lane moves 4 rows x 4 channels, without a branch and with few divisions: lanes of software adapters divide one by one.

const S: u32 = 8u;

struct Params {
  heads: u32, // of one image
  first: u32, // of all heads
  dv: u32, // head width in vec4
  h: u32, w: u32, wp: u32, // grid of the rows; length of a line with padding
  shift: u32, // log2 of wp where a tile has several lines
  tiles: u32, steps: u32, // per head; tiles are counted chunk of the line * steps + step
  offset: u32, batch: u32, head: u32, row: u32, // strides in vec4
  start: u32, // where the result starts, in vec4
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>; // [B, A, N, D] by strides
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [B * A, tiles, D, S], from start on
@group(0) @binding(2) var<uniform> p: Params;

fn at(base: u32, kh: u32, kw: u32) -> vec4f {
  let v = x[base + (min(kh, p.h - 1u) * p.w + min(kw, p.w - 1u)) * p.row] * p.scale;
  return select(vec4f(), v, kh < p.h && kw < p.w);
}

@compute @workgroup_size(64u / S, S)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let d = min(id.x, p.dv - 1u);
  let four = id.y % S; // which four rows of the tile
  let tile = id.y / S;
  let head = p.first + id.z;
  let image = head / p.heads;
  let base = p.offset + image * p.batch + (head - image * p.heads) * p.head + d;
  let chunk = tile / p.steps;
  let step = tile - chunk * p.steps;
  // With short lines, several to a tile, wp is a power of two and there is one chunk.
  let across = four * 4u;
  let short = p.wp < 4u * S;
  let kh = select(step, step * ((4u * S) >> p.shift) + (across >> p.shift), short);
  let kw = select(chunk * 4u * S + across, across & (p.wp - 1u), short);
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
