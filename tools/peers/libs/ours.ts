// This repository, through its public API.
import { openGpu } from "@ama-sam/dawn";
import {
  add,
  attention,
  backward,
  conv2d,
  convTranspose2d,
  type Device,
  gelu,
  layerNorm,
  linear,
  mean,
  mlp,
  noGrad,
  qkvAttention,
  relPosAttention,
  reshape,
  scope,
  softmax,
  square,
  type Tensor,
  tensor,
  zeroGrad,
} from "@ama-sam/tensor";
import { permuted } from "../layout";
import { EPS } from "../reference/vit-block";
import type { Host, Inputs, Op, Peer, Prepared, Sizes } from "../types";

type Named = Record<string, Tensor>;
type Work = Pick<Prepared, "note" | "before"> & { run(): Named; trained?: Tensor[]; inputs: Named };

const TRAINED = ["x", "down_w", "down_b", "up_w", "up_b"];
const isMatrix = (name: string) => name === "w" || name.endsWith("_w");

function upload(device: Device, inputs: Inputs, trained: readonly string[] = []): Named {
  const entries = Object.entries(inputs).map(([name, { data, shape }]) => {
    const requiresGrad = trained.includes(name);
    return [name, tensor(device, data, shape, { requiresGrad, name })] as const;
  });
  return Object.fromEntries(entries);
}

/** Matrices [in, out] as our layers keep them: [out, in]. */
function transposed(inputs: Inputs): Inputs {
  const turn = ([name, input]: [string, Inputs[string]]) =>
    [name, isMatrix(name) ? permuted(input, [1, 0]) : input] as const;
  return Object.fromEntries(Object.entries(inputs).map(turn));
}

/** One call without gradients. */
function call(device: Device, inputs: Inputs, f: (t: Named) => Tensor): Work {
  const t = upload(device, inputs);
  return { inputs: t, run: () => ({ y: noGrad(device, () => f(t)) }) };
}

/** The gradients of x and w alone: the forward pass is not timed, as the task does not ask for it. */
function gradients(device: Device, inputs: Inputs, f: (t: Named) => Tensor): Work {
  const t = upload(device, inputs, ["x", "w"]);
  let y: Tensor | null = null;
  return {
    inputs: t,
    trained: [t.x, t.w],
    before: () => {
      y = f(t);
    },
    run: () => {
      backward(y as Tensor, { gradient: t.gy });
      y?.dispose();
      return { dx: t.x.grad as Tensor, dw: t.w.grad as Tensor };
    },
  };
}

/** As `Block` of the encoder does it: scopes free what backward does not need. */
function block({ T, D, heads }: Sizes, P: Named): Tensor {
  const { device } = P.x;
  const layer = (x: Tensor, name: string, activation: "none" | "gelu" = "none") =>
    linear(x, P[`${name}_w`], P[`${name}_b`], { activation });
  const mid = scope(device, "attention", () => {
    const qkv = layer(layerNorm(P.x, P.ln1_g, P.ln1_b, { eps: EPS }), "qkv");
    const joined = reshape(qkvAttention(reshape(qkv, [1, T, 3 * D]), { heads }), [T, D]);
    return add(P.x, layer(joined, "proj"));
  });
  const m = scope(device, "mlp", () => {
    const n = layerNorm(mid, P.ln2_g, P.ln2_b, { eps: EPS });
    return mlp(n, P.fc1_w, P.fc1_b, P.fc2_w, P.fc2_b, { activation: "gelu" });
  });
  return add(add(mid, m), layer(layer(m, "down", "gelu"), "up"));
}

function trainStep(device: Device, op: Op, inputs: Inputs): Work {
  const t = upload(device, transposed(inputs), TRAINED);
  const run = () => {
    const loss = scope(device, "step", () => {
      const loss = scope(device, "loss", () => mean(square(scope(device, "block", () => block(op.sizes, t)))));
      backward(loss);
      return loss;
    });
    const grads = TRAINED.map((name) => [name === "x" ? "dx" : `d_${name}`, t[name].grad as Tensor] as const);
    return { loss, ...Object.fromEntries(grads) };
  };
  return { inputs: t, trained: TRAINED.map((name) => t[name]), run };
}

/** Heads [B, T, D] as one image of B heads: [1, B, T, D]. */
function asImage(inputs: Inputs): Inputs {
  const { q, k, v, ...tables } = inputs;
  const lift = ({ shape, data }: Inputs[string]) => ({ shape: [1, ...shape], data });
  return { q: lift(q), k: lift(k), v: lift(v), ...tables };
}

function attend(device: Device, op: Op, inputs: Inputs): Work {
  const { W } = op.sizes;
  return call(device, asImage(inputs), ({ q, k, v, relPosH, relPosW }) =>
    op.relPos ? relPosAttention(q, k, v, relPosH, relPosW, { H: W, W }) : attention(q, k, v),
  );
}

const FAMILIES: Record<Op["family"], (device: Device, inputs: Inputs, op: Op) => Work> = {
  linear: (device, inputs) => call(device, transposed(inputs), ({ x, w }) => linear(x, w)),
  layerNorm: (device, inputs) =>
    call(device, inputs, ({ x, weight, bias }) => layerNorm(x, weight, bias, { eps: EPS })),
  gelu: (device, inputs) => call(device, inputs, ({ x }) => gelu(x)),
  softmax: (device, inputs) => call(device, inputs, ({ x }) => softmax(x)),
  attention: (device, inputs, op) => attend(device, op, inputs),
  conv: (device, inputs) => call(device, inputs, ({ x, w }) => conv2d(x, w, null, { padding: 1 })),
  convT: (device, inputs) => call(device, inputs, ({ x, w }) => convTranspose2d(x, w)),
  convGrad: (device, inputs) => gradients(device, inputs, ({ x, w }) => conv2d(x, w, null, { padding: 1 })),
  convTGrad: (device, inputs) => gradients(device, inputs, ({ x, w }) => convTranspose2d(x, w)),
  block: (device, inputs, op) => trainStep(device, op, inputs),
};

/** Opens this library on the adapter. */
export async function open({ adapter }: Host): Promise<Peer> {
  const device = await openGpu({ adapter, log: () => {} });
  return {
    name: "ama-sam",
    version: "this repository",
    async prepare(op, inputs) {
      const work = FAMILIES[op.family](device, inputs, op);
      const isTurned = (name: string) => op.family === "block" && isMatrix(name);
      return {
        note: work.note,
        before: work.before,
        run: work.run,
        sync: () => device.sync(),
        async read(handle) {
          const result: Record<string, Float32Array> = {};
          for (const [name, t] of Object.entries(handle as Named)) {
            const data = await t.data();
            result[name] = isTurned(name) ? permuted({ shape: t.shape, data }, [1, 0]).data : data;
          }
          return result;
        },
        free(handle) {
          if (work.trained) zeroGrad(work.trained);
          for (const t of Object.values(handle as Named)) if (!t.isDisposed) t.dispose();
        },
        dispose() {
          for (const t of Object.values(work.inputs)) t.dispose();
          device.trim();
        },
      };
    },
  };
}
