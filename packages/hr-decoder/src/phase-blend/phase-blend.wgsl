// The tail of the HR-Decoder without the upsampled map. Slice i = r * dy + dx of s is read at its own bilinear phase (the value
// that a x r upsample has at pixel (r y + dy, r x + dx)), and written there (SHUFFLE, Pixel Ensemble) or kept as a slice.
// One lane an output; four taps.

const SHUFFLE: bool = true;

struct Params { batch: u32, r: u32, h: u32, w: u32 }

@group(0) @binding(0) var<storage, read> s: array<f32>; // [B, r*r, h, w]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [B, 1, r*h, r*w], or [B, r*r, h, w]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * 64u + lane;
  let area = p.r * p.r * p.h * p.w;
  if (at >= p.batch * area) { return; }
  let b = at / area;
  var dy: u32; var dx: u32; var py: u32; var px: u32;
  if (SHUFFLE) {
    let row = (at % area) / (p.r * p.w);
    let col = at % (p.r * p.w);
    dy = row % p.r; py = row / p.r;
    dx = col % p.r; px = col / p.r;
  } else {
    let i = (at % area) / (p.h * p.w);
    dy = i / p.r; dx = i % p.r;
    py = (at / p.w) % p.h; px = at % p.w;
  }
  let sy = max(f32(py) + (f32(dy) + 0.5) / f32(p.r) - 0.5, 0.0);
  let sx = max(f32(px) + (f32(dx) + 0.5) / f32(p.r) - 0.5, 0.0);
  let y0 = u32(sy); let x0 = u32(sx);
  let y1 = min(y0 + 1u, p.h - 1u); let x1 = min(x0 + 1u, p.w - 1u);
  let fy = sy - f32(y0); let fx = sx - f32(x0);
  let base = (b * p.r * p.r + dy * p.r + dx) * p.h * p.w;
  let top = mix(s[base + y0 * p.w + x0], s[base + y0 * p.w + x1], fx);
  let bottom = mix(s[base + y1 * p.w + x0], s[base + y1 * p.w + x1], fx);
  y[at] = mix(top, bottom, fy);
}
