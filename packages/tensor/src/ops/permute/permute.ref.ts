import { type RefArray, refArray } from "../../op/reference";
import { stridesOf } from "../../tensor/shape";

/** y[c] = x[c in x's order]. */
export function permuteRef({ x }: { x: RefArray }, { dims }: { dims: readonly number[] }): RefArray {
  const at = dims.map((d) => (d < 0 ? d + x.shape.length : d));
  const y = refArray(at.map((d) => x.shape[d]));
  const strides = stridesOf(x.shape);
  for (let i = 0; i < y.data.length; i++) {
    let [rest, from] = [i, 0];
    for (let d = at.length - 1; d >= 0; d--) {
      from += (rest % y.shape[d]) * strides[at[d]];
      rest = Math.floor(rest / y.shape[d]);
    }
    y.data[i] = x.data[from];
  }
  return y;
}
