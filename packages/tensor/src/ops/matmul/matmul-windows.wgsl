enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have eight lanes (lavapipe). What costs time there is not only loads but every value
// that a loop carries: it is loaded, blended under the mask of active lanes and stored in every round. So the loop is over rows of the
// result and carries none of the sums: STEPS rows of b for 64 columns stay where they are (t; 32 KiB, which a multiplication reads as
// its operand), and a round reads one row of a, multiplies, and adds to what c has. Rows of a come from the uniform address space: a
// load from a storage buffer checks every lane's every element by a branch of its own, one from a uniform buffer clamps all lanes at
// once. A window has 64 KiB: 128 rows of 128 steps of k; six of them are a workgroup's rows at most.

const STEPS: u32 = 128u; // steps of k in a launch; 64 where so many or fewer are left
const WINDOW: u32 = 128u; // rows in a window

struct Params {
  columns: u32, // of c, in vec4
  row: u32, // first of the launch in c, counted through the batch
  biasRow: u32, // the same in its matrix
  rows: u32, // of the launch
  share: u32, // of a workgroup, whole windows
  startB: u32, // first step of the launch in a panel of b, in vec4
  tileB: u32, // between panels of b, in vec4
  steps: u32, // how many of STEPS there are
  add: u32, // 1 to add to what c has
  end: u32, // 1 for scale, bias and activation
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<uniform> a0: array<vec4f, 4096>; // [128, 128]: 128 steps of k for 128 rows
@group(0) @binding(1) var<uniform> a1: array<vec4f, 4096>; // the next 128 rows, and so on
@group(0) @binding(2) var<uniform> a2: array<vec4f, 4096>;
@group(0) @binding(3) var<uniform> a3: array<vec4f, 4096>;
@group(0) @binding(4) var<uniform> a4: array<vec4f, 4096>;
@group(0) @binding(5) var<uniform> a5: array<vec4f, 4096>;
@group(0) @binding(6) var<storage, read> b: array<vec4f>; // [batch, n / 64, k, 64]
@group(0) @binding(7) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(8) var<storage, read_write> c: array<vec4f>; // [batch, m, n]
@group(0) @binding(9) var<uniform> p: Params;

// Eight columns of a lane in a row: 4 lane to 4 lane + 3, and the same of the second 32 columns.
struct Sums {
  low: vec4f,
  high: vec4f,
}

var<private> t: array<vec4f, 2 * STEPS>; // of every step the lane's columns: low and high

// Adds the products of four steps of k.
fn four(s: Sums, x: vec4f, k: u32) -> Sums {
  let i = 2u * k;
  return Sums(
    fma(vec4f(x.w), t[i + 6u], fma(vec4f(x.z), t[i + 4u], fma(vec4f(x.y), t[i + 2u], fma(vec4f(x.x), t[i], s.low)))),
    fma(vec4f(x.w), t[i + 7u], fma(vec4f(x.z), t[i + 5u], fma(vec4f(x.y), t[i + 3u], fma(vec4f(x.x), t[i + 1u], s.high)))),
  );
}

// Adds those of 32 steps, of which every lane has read four.
fn thirtyTwo(sums: Sums, x: vec4f, k: u32) -> Sums {
  var s = four(sums, subgroupBroadcast(x, 0u), k);
  s = four(s, subgroupBroadcast(x, 1u), k + 4u);
  s = four(s, subgroupBroadcast(x, 2u), k + 8u);
  s = four(s, subgroupBroadcast(x, 3u), k + 12u);
  s = four(s, subgroupBroadcast(x, 4u), k + 16u);
  s = four(s, subgroupBroadcast(x, 5u), k + 20u);
  s = four(s, subgroupBroadcast(x, 6u), k + 24u);
  return four(s, subgroupBroadcast(x, 7u), k + 28u);
}

fn biasAt(column: u32) -> vec4f {
  let i = 4u * min(column, p.columns - 1u);
  return vec4f(bias[i], bias[i + 1u], bias[i + 2u], bias[i + 3u]);
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // Steps that are not there are zeros on both sides.
  let panel = p.startB + group.x * p.tileB + lane;
  for (var i = 0u; i < 2u * STEPS; i++) { t[i] = select(vec4f(), b[panel + 8u * min(i, 2u * p.steps - 1u)], i < 2u * p.steps); }
  let low = group.x * 16u + lane;
  let high = low + 8u;
  var biasLow = vec4f();
  var biasHigh = vec4f();
  if (p.bias == 1u) { biasLow = biasAt(low); biasHigh = biasAt(high); }
  let first = group.y * p.share;
  let count = min(p.share, p.rows - first);
  // The sums of a row are stored a round later, when the next ones are under way: used in the same round, all additions would move
  // behind the branches of c's loads, and every product would be stored and loaded meanwhile.
  var last = Sums();
  for (var i = 0u; i <= count; i++) {
    if (i > 0u) {
      let row = first + i - 1u;
      let at = (p.row + row) * p.columns;
      var l = last.low;
      var h = last.high;
      if (p.add == 1u) {
        l += c[at + min(low, p.columns - 1u)];
        h += c[at + min(high, p.columns - 1u)];
      }
      if (p.end == 1u) {
        l = l * p.alpha + biasLow;
        h = h * p.alpha + biasHigh;
        if (p.bias == 2u) { let v = bias[p.biasRow + row]; l += v; h += v; }
        if (p.act > 0u) { l = activate(l, p.act); h = activate(h, p.act); }
      }
      if (low < p.columns) { c[at + low] = l; }
      if (high < p.columns) { c[at + high] = h; }
    }
    var x0: vec4f; var x1: vec4f; var x2: vec4f; var x3: vec4f;
    let at = ((first + i) % WINDOW) * 32u + lane;
    let window = (first + i) / WINDOW;
    if (window == 0u) { x0 = a0[at]; x1 = a0[at + 8u]; if (STEPS > 64u) { x2 = a0[at + 16u]; x3 = a0[at + 24u]; } }
    if (window == 1u) { x0 = a1[at]; x1 = a1[at + 8u]; if (STEPS > 64u) { x2 = a1[at + 16u]; x3 = a1[at + 24u]; } }
    if (window == 2u) { x0 = a2[at]; x1 = a2[at + 8u]; if (STEPS > 64u) { x2 = a2[at + 16u]; x3 = a2[at + 24u]; } }
    if (window == 3u) { x0 = a3[at]; x1 = a3[at + 8u]; if (STEPS > 64u) { x2 = a3[at + 16u]; x3 = a3[at + 24u]; } }
    if (window == 4u) { x0 = a4[at]; x1 = a4[at + 8u]; if (STEPS > 64u) { x2 = a4[at + 16u]; x3 = a4[at + 24u]; } }
    if (window == 5u) { x0 = a5[at]; x1 = a5[at + 8u]; if (STEPS > 64u) { x2 = a5[at + 16u]; x3 = a5[at + 24u]; } }
    last = thirtyTwo(Sums(), x0, 0u);
    last = thirtyTwo(last, x1, 32u);
    if (STEPS > 64u) {
      last = thirtyTwo(last, x2, 64u);
      last = thirtyTwo(last, x3, 96u);
    }
  }
}
