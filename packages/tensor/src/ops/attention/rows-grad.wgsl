// More of rows.wgsl, for the gradient kernels.

// exp(a - v), v of each lane's columns
fn expColumns(a: Rows, v: vec4f) -> Rows {
  return Rows(
    exp(a.r0 - v), exp(a.r1 - v), exp(a.r2 - v), exp(a.r3 - v),
    exp(a.r4 - v), exp(a.r5 - v), exp(a.r6 - v), exp(a.r7 - v),
    exp(a.r8 - v), exp(a.r9 - v), exp(a.r10 - v), exp(a.r11 - v),
    exp(a.r12 - v), exp(a.r13 - v), exp(a.r14 - v), exp(a.r15 - v),
  );
}

// a (b - s): gradient of softmax from its weights a and their gradients b; s per row
fn softmaxGrad(a: Rows, b: Rows, s: Stats) -> Rows {
  return Rows(
    a.r0 * (b.r0 - s.a.x), a.r1 * (b.r1 - s.a.y), a.r2 * (b.r2 - s.a.z), a.r3 * (b.r3 - s.a.w),
    a.r4 * (b.r4 - s.b.x), a.r5 * (b.r5 - s.b.y), a.r6 * (b.r6 - s.b.z), a.r7 * (b.r7 - s.b.w),
    a.r8 * (b.r8 - s.c.x), a.r9 * (b.r9 - s.c.y), a.r10 * (b.r10 - s.c.z), a.r11 * (b.r11 - s.c.w),
    a.r12 * (b.r12 - s.d.x), a.r13 * (b.r13 - s.d.y), a.r14 * (b.r14 - s.d.z), a.r15 * (b.r15 - s.d.w),
  );
}

// The same with s per column
fn softmaxGradColumns(a: Rows, b: Rows, v: vec4f) -> Rows {
  return Rows(
    a.r0 * (b.r0 - v), a.r1 * (b.r1 - v), a.r2 * (b.r2 - v), a.r3 * (b.r3 - v),
    a.r4 * (b.r4 - v), a.r5 * (b.r5 - v), a.r6 * (b.r6 - v), a.r7 * (b.r7 - v),
    a.r8 * (b.r8 - v), a.r9 * (b.r9 - v), a.r10 * (b.r10 - v), a.r11 * (b.r11 - v),
    a.r12 * (b.r12 - v), a.r13 * (b.r13 - v), a.r14 * (b.r14 - v), a.r15 * (b.r15 - v),
  );
}

// Sum with the rows of the lane whose number differs by the bits of m.
fn addLane(a: Rows, m: u32) -> Rows {
  return Rows(
    a.r0 + subgroupShuffleXor(a.r0, m), a.r1 + subgroupShuffleXor(a.r1, m),
    a.r2 + subgroupShuffleXor(a.r2, m), a.r3 + subgroupShuffleXor(a.r3, m),
    a.r4 + subgroupShuffleXor(a.r4, m), a.r5 + subgroupShuffleXor(a.r5, m),
    a.r6 + subgroupShuffleXor(a.r6, m), a.r7 + subgroupShuffleXor(a.r7, m),
    a.r8 + subgroupShuffleXor(a.r8, m), a.r9 + subgroupShuffleXor(a.r9, m),
    a.r10 + subgroupShuffleXor(a.r10, m), a.r11 + subgroupShuffleXor(a.r11, m),
    a.r12 + subgroupShuffleXor(a.r12, m), a.r13 + subgroupShuffleXor(a.r13, m),
    a.r14 + subgroupShuffleXor(a.r14, m), a.r15 + subgroupShuffleXor(a.r15, m),
  );
}

fn addLaneStats(a: Stats, m: u32) -> Stats {
  return Stats(
    a.a + subgroupShuffleXor(a.a, m), a.b + subgroupShuffleXor(a.b, m),
    a.c + subgroupShuffleXor(a.c, m), a.d + subgroupShuffleXor(a.d, m),
  );
}

// Entry i.
fn pick(s: Stats, i: u32) -> f32 {
  let e = vec4f(vec4u(0u, 1u, 2u, 3u) == vec4u(i % 4u));
  let x = vec4f(dot(s.a, e), dot(s.b, e), dot(s.c, e), dot(s.d, e));
  return dot(x, vec4f(vec4u(0u, 1u, 2u, 3u) == vec4u(i / 4u)));
}
