// Sum and maximum over the `lanes` neighbours (a power of two) that share a row, in a fixed tree; every lane gets the result.
// Called by all 64 lanes of a workgroup; `part` (array<f32, 64> in workgroup memory) is declared with the kernel.

fn rowSum(index: u32, v: f32, lanes: u32) -> f32 {
  if (lanes == 1u) { return v; }
  part[index] = v;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (index % lanes < half) { part[index] += part[index + half]; }
    workgroupBarrier();
  }
  let sum = part[index - index % lanes];
  workgroupBarrier();
  return sum;
}

fn rowMax(index: u32, v: f32, lanes: u32) -> f32 {
  if (lanes == 1u) { return v; }
  part[index] = v;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (index % lanes < half) { part[index] = max(part[index], part[index + half]); }
    workgroupBarrier();
  }
  let most = part[index - index % lanes];
  workgroupBarrier();
  return most;
}
