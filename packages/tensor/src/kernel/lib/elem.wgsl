// Sum and maximum over the parts of an Elem, the kernel's alias of vec4f or f32; PARTS, declared beside it, says which.

fn total(v: Elem) -> f32 {
  let u = vec4f(v); // repeats an f32
  return select(u.x, u.x + u.y + (u.z + u.w), PARTS == 4u);
}

fn largest(v: Elem) -> f32 {
  let u = vec4f(v);
  return max(max(u.x, u.y), max(u.z, u.w));
}
