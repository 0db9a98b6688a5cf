enable f16, subgroups, chromium_experimental_subgroup_matrix;
// The matrix units behind four functions, so that a test can put plain arithmetic in their place. Fragments of 16 x 16 come from
// the kernel's tiles: of a row by row, of b as it lies there.

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sums = subgroup_matrix_result<f32, 16, 16>;

fn leftAt(at: u32) -> Left { return subgroupMatrixLoad<Left, row_major>(&tileA, at, SA); }

fn rightAt(at: u32) -> Right {
  if (TB) { return subgroupMatrixLoad<Right, col_major>(&tileB, at, SB); }
  return subgroupMatrixLoad<Right, row_major>(&tileB, at, SB);
}

fn addProduct(l: Left, r: Right, sums: Sums) -> Sums { return subgroupMatrixMultiplyAccumulate(l, r, sums); }

fn putSums(at: u32, sums: Sums) { subgroupMatrixStore<row_major>(&corner, at, sums, SP); }
