// Lays the patches of x out as columns: cols[c, ky, kx, oy, ox] = x[c, oy s + ky - pad, ox s + kx - pad], zero outside x.
// A lane owns a channel and four neighbouring pixels of an output row and writes them for every tap of the kernel, so that
// where a pixel lies is worked out once per kh kw values. Writes each value once; x comes kh kw / s^2 times, mostly from cache.

const KERNEL: u32 = 0u; // a fixed square kernel unrolls the loops; 0 takes p.kh and p.kw

struct Params {
  images: u32,
  firstImage: u32,
  channels: u32, // laid out, from firstChannel on
  firstChannel: u32,
  allChannels: u32, // of x
  h: u32, w: u32, // of x
  rows: u32, // output rows laid out, from firstRow on
  firstRow: u32,
  wo: u32, // width of an output row
  kh: u32, kw: u32,
  stride: u32, padding: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [B, allChannels, h, w]
@group(0) @binding(1) var<storage, read_write> cols: array<f32>; // [images, channels, kh, kw, rows, wo]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ox = lane.x * 4u;
  let row = lane.y;
  if (ox >= p.wo || row >= p.rows) { return; }
  let kh = select(p.kh, KERNEL, KERNEL > 0u);
  let kw = select(p.kw, KERNEL, KERNEL > 0u);
  let pixels = p.rows * p.wo;
  let left = i32(ox * p.stride) - i32(p.padding);
  let top = i32((p.firstRow + row) * p.stride) - i32(p.padding);
  let count = min(4u, p.wo - ox);
  for (var plane = lane.z; plane < p.images * p.channels; plane += groups.z) {
    let image = p.firstImage + plane / p.channels;
    let base = (image * p.allChannels + p.firstChannel + plane % p.channels) * p.h * p.w;
    var at = plane * kh * kw * pixels + row * p.wo + ox;
    for (var ky = 0u; ky < kh; ky++) {
      let iy = top + i32(ky);
      let inside = iy >= 0 && iy < i32(p.h);
      let line = base + u32(select(0, iy, inside)) * p.w;
      for (var kx = 0u; kx < kw; kx++) {
        for (var j = 0u; j < 4u; j++) { // a constant count, so that it unrolls
          let ix = left + i32(kx + j * p.stride);
          let ok = inside && ix >= 0 && ix < i32(p.w);
          let value = select(0.0, x[line + u32(select(0, ix, ok))], ok);
          if (j < count) { cols[at + j] = value; }
        }
        at += pixels;
      }
    }
  }
}
