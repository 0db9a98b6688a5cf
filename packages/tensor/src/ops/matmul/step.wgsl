// Two steps of k for four rows: column r of the matrix is four columns of row r.
fn step(c: mat4x4f, x: vec4f, y: vec4f, b0: vec4f, b1: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(y.x), b1, fma(vec4f(x.x), b0, c[0])),
    fma(vec4f(y.y), b1, fma(vec4f(x.y), b0, c[1])),
    fma(vec4f(y.z), b1, fma(vec4f(x.z), b0, c[2])),
    fma(vec4f(y.w), b1, fma(vec4f(x.w), b0, c[3])),
  );
}
