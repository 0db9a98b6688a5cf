enable subgroups;
// A product of attention (written.wgsl) for adapters whose subgroups are one quad (SwiftShader), where products of whole operands are two
// to three times as fast as kernels that make scores again and again. A subgroup owns 16 rows x 16 columns (kernel/lib/quad.wgsl).

const TA: bool = false;
const TB: bool = false;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let place = group.z * groups.y + group.y;
  let tile = min(place, p.tiles - 1u);
  let matrix = tile / p.tilesM;
  let image = (p.first + matrix) / p.heads;
  let head = (p.first + matrix) % p.heads;
  let row = (tile % p.tilesM) * 16u;
  let col = group.x * 16u + lane * 4u;
  let operands = Operands(
    p.aStart + image * p.aBatch + head * p.aHead + matrix * p.aEach, p.aRow, p.aLast,
    p.bStart + image * p.bBatch + head * p.bHead + matrix * p.bEach, p.bRow, p.bLast,
    p.steps, p.lastK,
  );
  let q = quadProduct(operands, row, col, lane);
  if (place >= p.tiles || col >= p.n) { return; }
  let out = p.cStart + image * p.cBatch + head * p.cHead + matrix * p.cEach + col / 4u;
  var sums = quadSums(q);
  for (var i = 0u; i < 16u; i++) { finish(sums[i], row + quadRow(i / 4u, i % 4u, lane), matrix, out, col); }
}
