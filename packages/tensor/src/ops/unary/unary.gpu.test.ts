import { opSuite } from "@ama-sam/testing/op-suite";
import { UNARY, type UnaryName } from "./table";
import { unaryOps } from "./unary";

/** log and sqrt live on the positive side; |x| and relu have a kink at 0 that no difference may straddle. */
const POSITIVE: UnaryName[] = ["log", "sqrt"];
const away = Array.from({ length: 37 }, (_, i) => (i % 2 ? 1 : -1) * (0.05 + i / 7));

for (const name of Object.keys(UNARY) as UnaryName[]) {
  const values = POSITIVE.includes(name) ? away.map(Math.abs) : away;
  opSuite(unaryOps[name], [
    { inputs: { x: { shape: [37], values } } },
    { inputs: { x: { shape: [1], values: [0.7] } } },
    { inputs: { x: { shape: [3, 5, 2], values: values.slice(0, 30) } } },
    { name: "empty", inputs: { x: { shape: [0, 4] } } },
  ]);
}

opSuite(unaryOps.gelu, [
  { name: "tails", inputs: { x: { shape: [9], values: [-30, -9, -5, -3.9, 0, 3.9, 5, 9, 30] } } },
]);
opSuite(unaryOps.sigmoid, [{ name: "tails", inputs: { x: { shape: [6], values: [-110, -88, -30, 30, 88, 110] } } }]);
opSuite(unaryOps.softplus, [{ name: "tails", inputs: { x: { shape: [6], values: [-110, -88, -30, 30, 88, 110] } } }]);
