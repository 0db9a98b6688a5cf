// Reads four elements of a row of the source one by one, zeros past its end and past the last row.

alias Elem = f32;

fn four(base: u32, line: u32, lines: u32, part: u32, width: u32) -> vec4f {
  var v = vec4f();
  if (line >= lines) { return v; }
  let col = part * 4u;
  let at = base + line * width + col;
  for (var j = 0u; j < 4u; j++) {
    if (col + j < width) { v[j] = f32(x[at + j]); }
  }
  return v;
}
