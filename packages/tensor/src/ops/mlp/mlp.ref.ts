import type { RefArray } from "../../op/reference";
import { linearRef } from "../linear/linear.ref";

/** Two linear layers in float64. */
export function mlpRef(
  inputs: Record<"x" | "weight1" | "weight2", RefArray> & Record<"bias1" | "bias2", RefArray | null>,
  { activation }: { activation: "gelu" | "relu"; pieceBytes?: number },
): RefArray {
  const { x, weight1, bias1, weight2, bias2 } = inputs;
  return linearRef(
    { x: linearRef({ x, weight: weight1, bias: bias1 }, { activation }), weight: weight2, bias: bias2 },
    {},
  );
}
