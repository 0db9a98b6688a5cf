import { type RefArray, refArray } from "../../op/reference";
import { geluRef } from "../unary/table";

/** x W^T + b in float64, then the activation. */
export function linearRef(
  { x, weight, bias }: { x: RefArray; weight: RefArray; bias: RefArray | null },
  { activation = "none" }: { activation?: "none" | "relu" | "gelu" },
): RefArray {
  const [n, k] = weight.shape;
  const rows = x.data.length / k;
  const y = refArray([...x.shape.slice(0, -1), n]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias ? bias.data[j] : 0;
      for (let l = 0; l < k; l++) sum += x.data[i * k + l] * weight.data[j * k + l];
      y.data[i * n + j] = activation === "relu" ? Math.max(sum, 0) : activation === "gelu" ? geluRef(sum) : sum;
    }
  }
  return y;
}
