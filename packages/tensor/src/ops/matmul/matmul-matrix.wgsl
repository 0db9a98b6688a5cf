// c = a . b (+ bias) on the matrix units, f16 in and f32 sums, for b stored f16. A workgroup owns TM x TN, a subgroup half of the
// rows and a part of the columns, as fragments of 16 x 16. Per step of BK the lanes bring the next tiles into registers (64 and 128
// bits at a time) while the fragments multiply. Rows of a are divided by a power of two, their largest magnitude's (matmul-row-scale),
// and the sums multiplied by it: neither large activations nor small gradients leave the range of f16, and the rounding is that of
// f16's 11 bits relative to the row's largest value. Both tiles keep the order of storage; lines are padded by 16 bytes, which
// spreads the eight lines that a unit loads over all banks.

const TM: u32 = 128u; // rows of a workgroup's tile
const TN: u32 = 128u; // columns
const BK: u32 = 32u; // steps of k held in workgroup memory
const WG: u32 = 256u; // lanes: subgroups of 32, two along the rows
const TB: bool = true; // b is stored [batch, n, k]

const ACROSS: u32 = WG / 64u; // subgroups side by side
const FM: u32 = TM / 32u; // fragments of a subgroup
const FN: u32 = TN / ACROSS / 16u;
const SA: u32 = BK + 8u; // line of the tile of a, in elements
const SB: u32 = select(TN, BK, TB) + 8u; // line of the tile of b: along k if TB, else along n
const LB: u32 = select(BK, TN, TB); // its lines
const HA: u32 = TM * BK / 4u / WG; // vec4 of a that a lane brings
const HB: u32 = TN * BK / 4u / WG;
const LINE_B: u32 = select(TN, BK, TB) / 4u; // the same in vec4, without padding
const SP: u32 = 20u; // line of a corner

struct Params {
  m: u32, n: u32, k: u32, // n and k multiples of four
  strideA: u32, strideB: u32, // between matrices, in vec4; 0 when shared
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m, k]
@group(0) @binding(1) var<storage, read> b: array<vec4h>; // [batch, n, k] if TB, else [batch, k, n]
@group(0) @binding(2) var<storage, read> scale: array<f32>; // [batch (1 if a is shared), m]: powers of two
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(4) var<storage, read_write> c: array<vec4f>; // [batch, m, n]
@group(0) @binding(5) var<uniform> p: Params;

var<workgroup> tileA: array<f16, TM * SA>; // [TM, BK]
var<workgroup> tileB: array<f16, LB * SB>; // [TN, BK] if TB, else [BK, TN]
var<workgroup> corner: array<f32, WG / 32u * 16u * SP>; // a fragment of sums per subgroup

fn put4A(at: u32, v: vec4h) { tileA[at] = v.x; tileA[at + 1u] = v.y; tileA[at + 2u] = v.z; tileA[at + 3u] = v.w; }
fn put4B(at: u32, v: vec4h) { tileB[at] = v.x; tileB[at + 1u] = v.y; tileB[at + 2u] = v.z; tileB[at + 3u] = v.w; }

// What a lane brings of the next tiles, as it is stored.
struct Parts { left: array<vec4f, HA>, right: array<vec4h, HB> }
struct Place { row: u32, col: u32, batch: u32, lane: u32 }

// Rows and columns past the end repeat the last, because they are not written; steps past the end become zeros in the tiles. Without a
// branch, which a compiler would let wait for its load: all are on their way while the fragments multiply.
fn fetch(to: Place, at: u32) -> Parts {
  var parts: Parts;
  for (var h = 0u; h < HA; h++) {
    let i = to.lane + h * WG;
    let r = min(to.row + i / (BK / 4u), p.m - 1u);
    let k = min(at + i % (BK / 4u) * 4u, p.k - 4u);
    parts.left[h] = a[to.batch * p.strideA + (r * p.k + k) / 4u];
  }
  for (var h = 0u; h < HB; h++) {
    let i = to.lane + h * WG;
    let n = min(to.col + select(i % LINE_B * 4u, i / LINE_B, TB), select(p.n - 4u, p.n - 1u, TB));
    let k = min(at + select(i / LINE_B, i % LINE_B * 4u, TB), select(p.k - 1u, p.k - 4u, TB));
    parts.right[h] = b[to.batch * p.strideB + select(k * p.n + n, n * p.k + k, TB) / 4u];
  }
  return parts;
}

fn finish(row: u32, col: u32, batch: u32, factor: f32, value: vec4f) {
  var v = value * (factor * p.alpha);
  if (p.bias == 1u) { v += vec4f(bias[col], bias[col + 1u], bias[col + 2u], bias[col + 3u]); }
  if (p.bias == 2u) { v += bias[row]; }
  c[((batch * p.m + row) * p.n + col) / 4u] = activate(v, p.act);
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.z * groups.y + group.y;
  if (tile >= p.tiles) { return; }
  let batch = tile / p.tilesM;
  let row = tile % p.tilesM * TM;
  let col = group.x * TN;
  let firstScale = select(batch * p.m, 0u, p.strideA == 0u);
  let fragmentA = subgroup % 2u * (TM / 2u) * SA;
  let fragmentB = subgroup / 2u * (TN / ACROSS) * select(1u, SB, TB);
  var factors: array<f32, HA>; // of the rows that this lane brings
  for (var h = 0u; h < HA; h++) {
    let r = row + (lane + h * WG) / (BK / 4u);
    factors[h] = 1.0 / scale[firstScale + min(r, p.m - 1u)];
  }
  let place = Place(row, col, batch, lane);
  var next = fetch(place, 0u);
  var sums: array<Sums, FM * FN>;
  for (var at = 0u; at < p.k; at += BK) {
    workgroupBarrier(); // the last step's fragments have been read
    for (var h = 0u; h < HA; h++) {
      let i = lane + h * WG;
      let k = i % (BK / 4u) * 4u;
      put4A(i / (BK / 4u) * SA + k, select(vec4h(), vec4h(next.left[h] * factors[h]), at + k < p.k));
    }
    for (var h = 0u; h < HB; h++) {
      let i = lane + h * WG;
      let k = select(i / LINE_B, i % LINE_B * 4u, TB);
      put4B(i / LINE_B * SB + i % LINE_B * 4u, select(vec4h(), next.right[h], at + k < p.k));
    }
    workgroupBarrier();
    next = fetch(place, at + BK);
    for (var k = 0u; k < BK; k += 16u) {
      var lefts: array<Left, FM>;
      for (var i = 0u; i < FM; i++) { lefts[i] = leftAt(fragmentA + i * 16u * SA + k); }
      for (var j = 0u; j < FN; j++) {
        let r = rightAt(fragmentB + j * 16u * select(1u, SB, TB) + k * select(SB, 1u, TB));
        for (var i = 0u; i < FM; i++) { sums[i * FN + j] = addProduct(lefts[i], r, sums[i * FN + j]); }
      }
    }
  }
  // Fragment by fragment through workgroup memory, where any lane may read any subgroup's corner.
  let part = lane / 32u;
  for (var i = 0u; i < FM; i++) {
    for (var j = 0u; j < FN; j++) {
      workgroupBarrier();
      putSums(subgroup * 16u * SP, sums[i * FN + j]);
      workgroupBarrier();
      let y = lane % 32u / 4u;
      let x = lane % 4u * 4u;
      let c0 = col + part / 2u * (TN / ACROSS) + j * 16u + x;
      for (var e = y; e < 16u; e += 8u) {
        let r = row + part % 2u * (TM / 2u) + i * 16u + e;
        if (r < p.m && c0 < p.n) {
          let from4 = (part * 16u + e) * SP + x;
          let v = vec4f(corner[from4], corner[from4 + 1u], corner[from4 + 2u], corner[from4 + 3u]);
          finish(r, c0, batch, scale[firstScale + r], v);
        }
      }
    }
  }
}
