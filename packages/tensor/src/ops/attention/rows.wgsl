// Sixteen rows of a tile in one subgroup of S lanes: each lane holds a vec4 of every row. S is a constant of the kernel.

struct Rows {
  r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f,
  r8: vec4f, r9: vec4f, r10: vec4f, r11: vec4f, r12: vec4f, r13: vec4f, r14: vec4f, r15: vec4f,
}

// What a lane fetches for sixteen rows: of row i, lane i % S holds entry i / S. Filled without loops over the
// array: on SwiftShader windows are 1.1 times as fast so, other shapes and lavapipe the same.
alias Fetched = array<vec4f, 4>;
alias Starts = array<u32, 4>; // where the rows that a lane fetches start

// A number per row.
struct Stats { a: vec4f, b: vec4f, c: vec4f, d: vec4f }

// c + m a
fn mix4(m: mat4x4f, a: vec4f, c: vec4f) -> vec4f {
  return fma(m[3], vec4f(a.w), fma(m[2], vec4f(a.z), fma(m[1], vec4f(a.y), fma(m[0], vec4f(a.x), c))));
}

// Row i += m a, with a what was fetched for it.
fn mixFetched(m: mat4x4f, a: Fetched, c: Rows) -> Rows {
  return Rows(
    mix4(m, subgroupBroadcast(a[0u / S], 0u % S), c.r0), mix4(m, subgroupBroadcast(a[1u / S], 1u % S), c.r1),
    mix4(m, subgroupBroadcast(a[2u / S], 2u % S), c.r2), mix4(m, subgroupBroadcast(a[3u / S], 3u % S), c.r3),
    mix4(m, subgroupBroadcast(a[4u / S], 4u % S), c.r4), mix4(m, subgroupBroadcast(a[5u / S], 5u % S), c.r5),
    mix4(m, subgroupBroadcast(a[6u / S], 6u % S), c.r6), mix4(m, subgroupBroadcast(a[7u / S], 7u % S), c.r7),
    mix4(m, subgroupBroadcast(a[8u / S], 8u % S), c.r8), mix4(m, subgroupBroadcast(a[9u / S], 9u % S), c.r9),
    mix4(m, subgroupBroadcast(a[10u / S], 10u % S), c.r10), mix4(m, subgroupBroadcast(a[11u / S], 11u % S), c.r11),
    mix4(m, subgroupBroadcast(a[12u / S], 12u % S), c.r12), mix4(m, subgroupBroadcast(a[13u / S], 13u % S), c.r13),
    mix4(m, subgroupBroadcast(a[14u / S], 14u % S), c.r14), mix4(m, subgroupBroadcast(a[15u / S], 15u % S), c.r15),
  );
}

// Row i += m a, with a the vec4 that lane j holds of row i of t.
fn mixLane(m: mat4x4f, t: Rows, j: u32, c: Rows) -> Rows {
  return Rows(
    mix4(m, subgroupShuffle(t.r0, j), c.r0), mix4(m, subgroupShuffle(t.r1, j), c.r1),
    mix4(m, subgroupShuffle(t.r2, j), c.r2), mix4(m, subgroupShuffle(t.r3, j), c.r3),
    mix4(m, subgroupShuffle(t.r4, j), c.r4), mix4(m, subgroupShuffle(t.r5, j), c.r5),
    mix4(m, subgroupShuffle(t.r6, j), c.r6), mix4(m, subgroupShuffle(t.r7, j), c.r7),
    mix4(m, subgroupShuffle(t.r8, j), c.r8), mix4(m, subgroupShuffle(t.r9, j), c.r9),
    mix4(m, subgroupShuffle(t.r10, j), c.r10), mix4(m, subgroupShuffle(t.r11, j), c.r11),
    mix4(m, subgroupShuffle(t.r12, j), c.r12), mix4(m, subgroupShuffle(t.r13, j), c.r13),
    mix4(m, subgroupShuffle(t.r14, j), c.r14), mix4(m, subgroupShuffle(t.r15, j), c.r15),
  );
}

fn addRows(a: Rows, b: Rows) -> Rows {
  return Rows(
    a.r0 + b.r0, a.r1 + b.r1, a.r2 + b.r2, a.r3 + b.r3, a.r4 + b.r4, a.r5 + b.r5, a.r6 + b.r6, a.r7 + b.r7,
    a.r8 + b.r8, a.r9 + b.r9, a.r10 + b.r10, a.r11 + b.r11, a.r12 + b.r12, a.r13 + b.r13, a.r14 + b.r14, a.r15 + b.r15,
  );
}

fn scaleRows(a: Rows, s: Stats) -> Rows {
  return Rows(
    a.r0 * s.a.x, a.r1 * s.a.y, a.r2 * s.a.z, a.r3 * s.a.w, a.r4 * s.b.x, a.r5 * s.b.y, a.r6 * s.b.z, a.r7 * s.b.w,
    a.r8 * s.c.x, a.r9 * s.c.y, a.r10 * s.c.z, a.r11 * s.c.w, a.r12 * s.d.x, a.r13 * s.d.y, a.r14 * s.d.z, a.r15 * s.d.w,
  );
}

// exp(a - s)
fn expRows(a: Rows, s: Stats) -> Rows {
  return Rows(
    exp(a.r0 - s.a.x), exp(a.r1 - s.a.y), exp(a.r2 - s.a.z), exp(a.r3 - s.a.w),
    exp(a.r4 - s.b.x), exp(a.r5 - s.b.y), exp(a.r6 - s.b.z), exp(a.r7 - s.b.w),
    exp(a.r8 - s.c.x), exp(a.r9 - s.c.y), exp(a.r10 - s.c.z), exp(a.r11 - s.c.w),
    exp(a.r12 - s.d.x), exp(a.r13 - s.d.y), exp(a.r14 - s.d.z), exp(a.r15 - s.d.w),
  );
}

// Moves every row one place down, the first to the end: loops over rows see each in turn as r0, with one copy of their code.
fn turn(a: Rows) -> Rows {
  return Rows(a.r1, a.r2, a.r3, a.r4, a.r5, a.r6, a.r7, a.r8, a.r9, a.r10, a.r11, a.r12, a.r13, a.r14, a.r15, a.r0);
}

fn turnStats(s: Stats) -> Stats {
  return Stats(
    vec4f(s.a.yzw, s.b.x), vec4f(s.b.yzw, s.c.x), vec4f(s.c.yzw, s.d.x), vec4f(s.d.yzw, s.a.x),
  );
}

fn timesStats(a: Stats, b: Stats) -> Stats { return Stats(a.a * b.a, a.b * b.b, a.c * b.c, a.d * b.d); }
fn plusStats(a: Stats, b: Stats) -> Stats { return Stats(a.a + b.a, a.b + b.b, a.c + b.c, a.d + b.d); }
fn expDifference(a: Stats, b: Stats) -> Stats { return Stats(exp(a.a - b.a), exp(a.b - b.b), exp(a.c - b.c), exp(a.d - b.d)); }
fn above(a: Stats, b: Stats) -> bool { return any(a.a > b.a) || any(a.b > b.b) || any(a.c > b.c) || any(a.d > b.d); }
fn sumLanes(a: Stats) -> Stats { return Stats(subgroupAdd(a.a), subgroupAdd(a.b), subgroupAdd(a.c), subgroupAdd(a.d)); }
// The larger of b and the largest of all lanes' a. Called where a vote lets all lanes in, which the analysis does not see.
@diagnostic(off, subgroup_uniformity)
fn maxLanes(a: Stats, b: Stats) -> Stats {
  return Stats(max(b.a, subgroupMax(a.a)), max(b.b, subgroupMax(a.b)), max(b.c, subgroupMax(a.c)), max(b.d, subgroupMax(a.d)));
}

fn sameRows(v: vec4f) -> Rows { return Rows(v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v); }

// A number per row, from the lanes that hold them: row i in lane i % S of a[i / S].
fn statsOf(a: array<f32, 4>) -> Stats {
  return Stats(
    vec4f(subgroupBroadcast(a[0u / S], 0u % S), subgroupBroadcast(a[1u / S], 1u % S), subgroupBroadcast(a[2u / S], 2u % S), subgroupBroadcast(a[3u / S], 3u % S)),
    vec4f(subgroupBroadcast(a[4u / S], 4u % S), subgroupBroadcast(a[5u / S], 5u % S), subgroupBroadcast(a[6u / S], 6u % S), subgroupBroadcast(a[7u / S], 7u % S)),
    vec4f(subgroupBroadcast(a[8u / S], 8u % S), subgroupBroadcast(a[9u / S], 9u % S), subgroupBroadcast(a[10u / S], 10u % S), subgroupBroadcast(a[11u / S], 11u % S)),
    vec4f(subgroupBroadcast(a[12u / S], 12u % S), subgroupBroadcast(a[13u / S], 13u % S), subgroupBroadcast(a[14u / S], 14u % S), subgroupBroadcast(a[15u / S], 15u % S)),
  );
}

fn top(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }

// Largest of this lane's values of each row.
fn tops(a: Rows) -> Stats {
  return Stats(
    vec4f(top(a.r0), top(a.r1), top(a.r2), top(a.r3)),
    vec4f(top(a.r4), top(a.r5), top(a.r6), top(a.r7)),
    vec4f(top(a.r8), top(a.r9), top(a.r10), top(a.r11)),
    vec4f(top(a.r12), top(a.r13), top(a.r14), top(a.r15)),
  );
}

// Sum of this lane's values of each row.
fn sums(a: Rows) -> Stats {
  let e = vec4f(1.0);
  return Stats(
    vec4f(dot(a.r0, e), dot(a.r1, e), dot(a.r2, e), dot(a.r3, e)),
    vec4f(dot(a.r4, e), dot(a.r5, e), dot(a.r6, e), dot(a.r7, e)),
    vec4f(dot(a.r8, e), dot(a.r9, e), dot(a.r10, e), dot(a.r11, e)),
    vec4f(dot(a.r12, e), dot(a.r13, e), dot(a.r14, e), dot(a.r15, e)),
  );
}
