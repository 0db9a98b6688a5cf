// One product on the matrix units, in the words that the kernels use: whether this compiles tells whether they will.
enable f16, subgroups, chromium_experimental_subgroup_matrix;

var<workgroup> a: array<f16, 256>; // [16, 16]
var<workgroup> c: array<f32, 256>;

@compute @workgroup_size(128)
fn main() {
  let left = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&a, 0u, 16u);
  let right = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, col_major>(&a, 0u, 16u);
  let sums = subgroupMatrixMultiplyAccumulate(left, right, subgroup_matrix_result<f32, 16, 16>());
  subgroupMatrixStore<row_major>(&c, 0u, sums, 16u);
}
