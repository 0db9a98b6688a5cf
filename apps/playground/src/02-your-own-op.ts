// An op of your own: WGSL kernels, shape rule, gradient and float64 reference in one place. Here x |x|, the signed square.
import { openGpu } from "@ama-sam/dawn";
import { backward, defineKernel, defineOp, empty, refArray, scope, spread, type Tensor, tensor } from "@ama-sam/tensor";

// Plain WGSL. Bindings are found by their names; `const` lines named in `params` are tunables.
const bindings = (inputs: string[], output: string) =>
  [...inputs.map((n) => [n, "read"]), [output, "read_write"]]
    .map(([n, mode], i) => `@group(0) @binding(${i}) var<storage, ${mode}> ${n}: array<f32>;`)
    .join("\n");
const kernel = (name: string, inputs: string[], output: string, value: string) =>
  defineKernel({
    name,
    source: [
      `const WG: u32 = 64u;
struct Params { count: u32 }
${bindings(inputs, output)}
@group(0) @binding(${inputs.length + 1}) var<uniform> p: Params;
@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i < p.count) { ${output}[i] = ${value}; }
}`,
    ],
    params: { WG: [64, 256] },
    uniforms: { count: "u32" },
  });
const forward = kernel("signed-square", ["x"], "y", "x[i] * abs(x[i])");
const grad = kernel("signed-square-grad", ["x", "dy"], "dx", "2.0 * abs(x[i]) * dy[i]");

/** The definition; `opSuite` of `@ama-sam/testing` tests all of it, gradient included, in one line. */
export const signedSquareOp = defineOp({
  name: "signedSquare",
  inputs: ["x"],
  shape: ({ x }, _: object) => x,
  forward: ({ x }, _, y) => void forward.run(y.device, { x, y }, { count: x.size }, spread(Math.ceil(x.size / 64))),
  saves: ["x"],
  vjp: ({ x }, dy) => {
    const dx = empty(dy.device, dy.shape);
    grad.run(dy.device, { x, dy, dx }, { count: x.size }, spread(Math.ceil(x.size / 64)));
    return { x: dx };
  },
  reference: ({ x }) =>
    refArray(
      x.shape,
      x.data.map((v) => v * Math.abs(v)),
    ),
});
const signedSquare = (x: Tensor) => signedSquareOp.apply({ x }, {});

const device = await openGpu();
await scope(device, "example", async () => {
  const x = tensor(device, [-3, -1, 0, 0.5, 2], [5], { requiresGrad: true });
  const y = signedSquare(x);
  console.log("y ", ...(await y.data())); // -9 -1 0 0.25 4
  backward(y, { gradient: tensor(device, [1, 1, 1, 1, 1]) });
  console.log("dx", ...((await x.grad?.data()) ?? [])); // 6 2 0 1 4
  x.grad?.dispose();
});
await device.dispose();
