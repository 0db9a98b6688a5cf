// Adam's rule on four elements (PyTorch's: no decay, no AMSGrad). The kernel's uniform block p holds, computed in float64 on the
// CPU: beta1, beta2, one minus each, rate = lr / (1 - beta1^step), unbias = 1 / sqrt(1 - beta2^step), eps.

struct Moments { param: vec4f, m: vec4f, v: vec4f }

fn adamUpdate(param: vec4f, g: vec4f, m0: vec4f, v0: vec4f) -> Moments {
  let m = p.beta1 * m0 + p.rest1 * g;
  let v = p.beta2 * v0 + p.rest2 * g * g;
  return Moments(param - p.rate * m / (sqrt(v) * p.unbias + p.eps), m, v);
}
