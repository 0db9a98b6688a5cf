// Reads four elements of a row of the source at once, because its length is a multiple of four; zeros past the end, without a branch.

alias Elem = vec4f;

fn four(base: u32, line: u32, lines: u32, part: u32, width: u32) -> vec4f {
  let v = vec4f(x[(base + min(line, lines - 1u) * width) / 4u + min(part, width / 4u - 1u)]);
  return select(vec4f(), v, line < lines && part < width / 4u);
}
