// Writes four elements at `at`, or the `count` that are left in the row.

fn store4(at: u32, count: u32, v: vec4f) {
  c[at] = v.x;
  if (count > 1u) { c[at + 1u] = v.y; }
  if (count > 2u) { c[at + 2u] = v.z; }
  if (count > 3u) { c[at + 3u] = v.w; }
}
