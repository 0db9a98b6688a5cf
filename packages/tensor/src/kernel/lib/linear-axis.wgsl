// Linear interpolation along one axis: output o lies at source point (o scale + shift) / unit, clamped to 0 .. size - 1.

// First and last output that lie less than a pixel from pixel i; pixels at the edge also serve the points clamped to them.
fn touching(i: i32, size: i32, outputs: i32, scale: i32, shift: i32, unit: i32) -> vec2i {
  var range = vec2i(0, outputs - 1);
  if (scale > 0) {
    let low = (i - 1) * unit - shift;
    let high = (i + 1) * unit - shift;
    if (i > 0 && low >= 0) { range.x = low / scale + 1; }
    if (i < size - 1) { range.y = select(-1, min(outputs - 1, (high - 1) / scale), high > 0); }
  }
  return range;
}

// What output o takes of pixel i: 1 - their distance, not below 0.
fn nearness(o: i32, i: i32, size: i32, scale: i32, shift: i32, unit: i32) -> f32 {
  let source = clamp(o * scale + shift, 0, (size - 1) * unit);
  return f32(max(0, unit - abs(source - i * unit))) / f32(unit);
}
