// Writes four elements at `at`, all of them in the row because its length is a multiple of four.

fn store4(at: u32, _count: u32, v: vec4f) { c[at / 4u] = v; }
