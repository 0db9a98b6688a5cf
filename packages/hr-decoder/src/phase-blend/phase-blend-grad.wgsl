// ds of phase-blend: every element of a slice gathers from the outputs of its slice whose taps touch it, at most 3 x 3, in a
// fixed order. One lane an element.

const SHUFFLE: bool = true;

struct Params { batch: u32, r: u32, h: u32, w: u32 }

@group(0) @binding(0) var<storage, read> dy: array<f32>; // [B, 1, r*h, r*w], or [B, r*r, h, w]
@group(0) @binding(1) var<storage, read_write> ds: array<f32>; // [B, r*r, h, w]
@group(0) @binding(2) var<uniform> p: Params;

// weight with which output `o` of phase `d` reads input `i`, along a side of `size`
fn tap(o: u32, i: u32, d: u32, size: u32) -> f32 {
  let at = max(f32(o) + (f32(d) + 0.5) / f32(p.r) - 0.5, 0.0);
  let low = u32(at);
  let high = min(low + 1u, size - 1u);
  let f = at - f32(low);
  return select(0.0, 1.0 - f, low == i) + select(0.0, f, high == i);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * 64u + lane;
  let plane = p.h * p.w;
  if (at >= p.batch * p.r * p.r * plane) { return; }
  let i = (at / plane) % (p.r * p.r);
  let b = at / (plane * p.r * p.r);
  let vy = i / p.r; let vx = i % p.r;
  let iy = (at / p.w) % p.h; let ix = at % p.w;
  var sum = 0.0;
  for (var oy = max(iy, 1u) - 1u; oy <= min(iy + 1u, p.h - 1u); oy++) {
    let wy = tap(oy, iy, vy, p.h);
    if (wy == 0.0) { continue; }
    for (var ox = max(ix, 1u) - 1u; ox <= min(ix + 1u, p.w - 1u); ox++) {
      var source = at - (iy * p.w + ix) + oy * p.w + ox;
      if (SHUFFLE) { source = (b * p.r * p.h + oy * p.r + vy) * p.r * p.w + ox * p.r + vx; }
      sum += wy * tap(ox, ix, vx, p.w) * dy[source];
    }
  }
  ds[at] = sum;
}
