// y = min(1, most / (norm + 1e-6)): the factor that brings gradients down to a largest norm. One lane.

struct Params { most: f32 }

@group(0) @binding(0) var<storage, read> norm: array<f32>; // [1]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [1]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(1)
fn main() { y[0] = min(1.0, p.most / (norm[0] + 1e-6)); }
