// A product of attention's gradients (written.wgsl) for GPUs, on tiles in workgroup memory (kernel/lib/tile.wgsl). A product with few
// tiles and many terms is cut into parts of these, whose results attention-sum-parts.wgsl adds.

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.z * groups.y + group.y;
  if (tile >= p.tiles) { return; }
  let matrix = tile / p.tilesM % p.matrices;
  let part = tile / p.tilesM / p.matrices;
  let image = (p.first + matrix) / p.heads;
  let head = (p.first + matrix) % p.heads;
  let row = tile % p.tilesM * TM;
  let col = group.x * TN;
  let end = p.lastK + 1u;
  let width = p.steps * 4u;
  let left = Operand(
    (p.aStart + image * p.aBatch + head * p.aHead + matrix * p.aEach) * 4u, p.aRow * 4u,
    select(p.aLast + 1u, end, TA), select(width, (p.aLast + 1u) * 4u, TA),
  );
  let right = Operand(
    (p.bStart + image * p.bBatch + head * p.bHead + matrix * p.bEach) * 4u, p.bRow * 4u,
    select(end, p.bLast + 1u, TB), select((p.bLast + 1u) * 4u, width, TB),
  );
  let t = tileProduct(left, right, part * p.chunk, min(end, (part + 1u) * p.chunk), row, col, lane);
  let out = part * p.cChunk + p.cStart + image * p.cBatch + head * p.cHead + matrix * p.cEach;
  let x = col + lane % COLS * 4u;
  let y = row + lane / COLS * 4u;
  var near = array<vec4f, 8>(t.c0, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7);
  var far = array<vec4f, 8>(t.d0, t.d1, t.d2, t.d3, t.d4, t.d5, t.d6, t.d7);
  for (var i = 0u; i < LAST_E * 2u; i++) {
    if (ROLLED && i == p.four * 2u) { break; }
    let r = y + i % 4u + i / 4u * (TM / 2u);
    if (x < p.n) { finish(near[i], r, matrix, out + x / 4u, x); }
    if (x + TN / 2u < p.n) { finish(far[i], r, matrix, out + (x + TN / 2u) / 4u, x + TN / 2u); }
  }
}
