// Scores of a tile's query rows and one tile of 4 S keys, as the forward kernel and the one for dq share them: each lane holds 4 keys.
// Uses the kernel's constants S and REL, its bindings q, keys, rows and bias, and its Params.

fn biasesAt(at: Starts, j: u32) -> Fetched { return Fetched(bias[at[0] + j], bias[at[1] + j], bias[at[2] + j], bias[at[3] + j]); }

// What all tiles of a chunk start from: bias along w, and -1e30 where no key is.
fn scoreBase(chunk: u32, lane: u32, biasAt: Starts) -> Tile {
  if (!REL) {
    let key = (chunk * S + lane) * 4u;
    return sameTile(select(vec4f(), vec4f(-1e30), vec4u(key, key + 1u, key + 2u, key + 3u) >= vec4u(p.w)));
  }
  let line = min(p.wp / 4u, S); // lanes on one line of the grid
  var s = Tile();
  for (var j = 0u; j < line; j++) {
    let e = f32(lane % line == j);
    let unit = mat4x4f(e, 0, 0, 0, 0, e, 0, 0, 0, 0, e, 0, 0, 0, 0, e);
    s = mixTile(unit, biasesAt(biasAt, p.hp + chunk * S + j), s);
  }
  return s;
}

// Adds the bias along h and the products of queries and keys.
fn addScores(base: Tile, step: u32, keysAt: u32, lane: u32, queryAt: Starts, biasAt: Starts) -> Tile {
  var s = base;
  if (REL) {
    let lines = S / min(p.wp / 4u, S); // lines of the grid in a tile
    let kh = step * lines + lane / min(p.wp / 4u, S);
    for (var j = step * lines / 4u; j * 4u < (step + 1u) * lines; j++) {
      let e = vec4f(vec4u(j * 4u, j * 4u + 1u, j * 4u + 2u, j * 4u + 3u) == vec4u(kh));
      s = mixTile(mat4x4f(vec4f(e.x), vec4f(e.y), vec4f(e.z), vec4f(e.w)), biasesAt(biasAt, j), s);
    }
  }
  return mixHead(&keys, keysAt + lane, &q, queryAt, s);
}

// Where four keys of a tile stand in the grid of keys: the first's row, and its place in a line with padding.
struct Place { row: u32, across: u32 }

fn firstPlace(tile: u32) -> Place {
  let lines = 4u * S / min(p.wp, 4u * S); // lines of the grid in a tile
  let across = tile / p.steps * 4u * S;
  return Place(tile % p.steps * lines * p.w + across, across);
}

// The next four keys of the tile, which may begin the next line.
fn nextPlace(at: Place) -> Place {
  let ends = at.across + 4u == p.wp;
  return Place(at.row + select(4u, 4u + p.w - p.wp, ends), select(at.across + 4u, 0u, ends));
}

// The rows of the four keys there. In the padding of a line they are others, past the last the last: no such key has any weight.
fn keysOf(at: Place) -> vec4u {
  return min(vec4u(at.row, at.row + 1u, at.row + 2u, at.row + 3u), vec4u(p.nk - 1u));
}

// A vec4 of each of four rows, `at` in the first row of all.
fn rowsAt(at: u32, key: vec4u) -> mat4x4f {
  let r = at + key * p.kRow;
  return mat4x4f(rows[r.x], rows[r.y], rows[r.z], rows[r.w]);
}

// c + the weights s of a tile of keys times `at`, a vec4 of each key's row. A loop of its own for every vec4: two outgrow what lavapipe's
// processor holds of decoded code.
fn mixKeys(s: Tile, tile: u32, at: u32, c: Tile) -> Tile {
  var sum = c;
  var place = firstPlace(tile);
  for (var j = 0u; j < p.lanes; j++) {
    sum = mixLanes(rowsAt(at, keysOf(place)), s, j, sum);
    place = nextPlace(place);
  }
  return sum;
}
