// The error function as a rational function on [-4, 4], where it reaches +-1 in f32; a few ulp off.

fn erf4(z: vec4f) -> vec4f {
  let x = clamp(z, vec4f(-4.0), vec4f(4.0));
  let s = x * x;
  var a = fma(s, vec4f(-2.72614225801306e-10), vec4f(2.77068142495902e-8));
  a = fma(s, a, vec4f(-2.10102402082508e-6));
  a = fma(s, a, vec4f(-5.69250639462346e-5));
  a = fma(s, a, vec4f(-7.34990630326855e-4));
  a = fma(s, a, vec4f(-2.95459980854025e-3));
  a = fma(s, a, vec4f(-1.60960333262415e-2));
  var b = fma(s, vec4f(-1.45660718464996e-5), vec4f(-2.13374055278905e-4));
  b = fma(s, b, vec4f(-1.68282697438203e-3));
  b = fma(s, b, vec4f(-7.37332916720468e-3));
  b = fma(s, b, vec4f(-1.42647390514189e-2));
  return x * a / b;
}

// x / 2 (1 + erf(x / sqrt 2)): PyTorch's default GELU
fn gelu4(x: vec4f) -> vec4f { return 0.5 * x * (1.0 + erf4(x * 0.7071067811865476)); }

// its derivative
fn geluGrad4(x: vec4f) -> vec4f {
  return 0.5 * (1.0 + erf4(x * 0.7071067811865476)) + x * exp(-0.5 * x * x) * 0.3989422804014327;
}
