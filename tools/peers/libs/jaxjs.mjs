// jax-js, webgpu device: jax.jit around each op. Arrays are consumed by use; every use but the last takes `.ref`.
import { pairsOf } from "../reference/attention.ts";
import { EPS } from "../reference/vit-block.ts";
import { load, versionOf } from "./load.mjs";

const TRAINED = ["x", "down_w", "down_b", "up_w", "up_b"];

/** jax-js calls iterator helpers, which Node 20 does not have. */
function addIteratorHelpers() {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  const helpers = {
    *map(f) {
      let i = 0;
      for (const value of this) yield f(value, i++);
    },
    *filter(f) {
      let i = 0;
      for (const value of this) if (f(value, i++)) yield value;
    },
    toArray() {
      return [...this];
    },
  };
  for (const [name, value] of Object.entries(helpers))
    if (!prototype[name]) Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
}

export async function open({ watch }) {
  addIteratorHelpers();
  const jax = await load("@jax-js/jax");
  const { numpy: np, nn, lax } = jax;
  const started = await jax.init("webgpu");
  if (!started.includes("webgpu")) throw new Error(`[jax-js] webgpu did not start. Got ${started}.`);
  jax.defaultDevice("webgpu");
  const device = jax.getWebGPUDevice();
  watch(device);

  const up = ({ shape, data }) => np.array(data).reshape(shape);
  const linear = (x, P, name) => np.matmul(x, P[`${name}_w`]).add(P[`${name}_b`]);
  const layerNorm = (x, weight, bias) => nn.standardize(x, -1, { epsilon: EPS }).mul(weight).add(bias);
  const gelu = (x) => nn.gelu(x, { approximate: false });
  const attention = (q, k, v, dim, bias = (z) => z) =>
    np.matmul(nn.softmax(bias(np.matmul(q.mul(dim ** -0.5), np.swapaxes(k, -1, -2))), -1), v);

  function block({ T, D, heads }, { x, ...P }) {
    const rows = linear(layerNorm(x.ref, P.ln1_g, P.ln1_b), P, "qkv").reshape([T, 3, heads, D / heads]);
    const qkv = np.transpose(rows, [1, 2, 0, 3]);
    const heads3 = [qkv.ref.slice(0), qkv.ref.slice(1), qkv.slice(2)]; // each [heads, T, D / heads]
    const joined = np.transpose(attention(...heads3, D / heads), [1, 0, 2]).reshape([T, D]);
    const mid = x.add(linear(joined, P, "proj"));
    const m = linear(gelu(linear(layerNorm(mid.ref, P.ln2_g, P.ln2_b), P, "fc1")), P, "fc2");
    const a = linear(gelu(linear(m.ref, P, "down")), P, "up");
    return mid.add(m).add(a);
  }

  function relPosAttention({ B, T, D, W }) {
    return (q, k, v, pairsH, pairsW) => {
      const grid = q.ref.reshape([B, W, W, D]);
      const h = np.einsum("bhwc,hkc->bhwk", grid.ref, pairsH).reshape([B, T, W, 1]);
      const w = np.einsum("bhwc,wkc->bhwk", grid, pairsW).reshape([B, T, 1, W]);
      return attention(q, k, v, D, (z) => z.reshape([B, T, W, W]).add(h).add(w).reshape([B, T, T]));
    };
  }

  const conv = (x, w) =>
    lax.convGeneralDilated(
      x,
      w,
      [1, 1],
      [
        [1, 1],
        [1, 1],
      ],
    );
  const convT = (x, w) => lax.convTranspose(x, w, [2, 2], "VALID", { transposeKernel: true });
  const gradients = (f) => (x, w, gy) => {
    const [y, back] = jax.vjp(f, [x, w]);
    y.dispose?.();
    const both = back(gy);
    back.dispose?.();
    return both;
  };

  const families = {
    linear: () => ({ run: (x, w) => np.matmul(x, w) }),
    layerNorm: () => ({ run: layerNorm, note: "nn.standardize, weight and bias under jit" }),
    gelu: () => ({ run: gelu }),
    softmax: () => ({ run: (x) => nn.softmax(x, -1) }),
    attention: ({ sizes, relPos }, inputs) => {
      if (!relPos) return { run: (q, k, v) => attention(q, k, v, sizes.D), note: "composed under jit" };
      const { W, D } = sizes;
      const spread = ({ data }) => ({ shape: [W, W, D], data: pairsOf(data, W, D) });
      const given = { ...inputs, relPosH: spread(inputs.relPosH), relPosW: spread(inputs.relPosW) };
      return { run: relPosAttention(sizes), given, note: "composed under jit" };
    },
    conv: () => ({ run: conv }),
    convT: () => ({ run: convT }),
    convGrad: () => ({ run: gradients(conv) }),
    convTGrad: () => ({ run: gradients(convT) }),
    block: ({ sizes }, inputs) => {
      const names = Object.keys(inputs);
      const named = (values) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
      const argnums = TRAINED.map((name) => names.indexOf(name));
      const loss = (...values) => np.square(block(sizes, named(values))).mean();
      const step = jax.valueAndGrad(loss, { argnums });
      const run = (...values) => {
        const [value, gradients] = step(...values);
        return [value, ...gradients];
      };
      return { run };
    },
  };

  return {
    name: "jax-js",
    version: versionOf("@jax-js/jax"),
    async prepare(op, inputs) {
      const { run, given = inputs, note } = families[op.family](op, inputs);
      const compiled = jax.jit(run);
      const on = Object.values(given).map(up);
      for (const a of on) await a.blockUntilReady?.();
      const outputs = Object.keys(op.outputs);
      return {
        note,
        run() {
          const made = compiled(...on.map((a) => a.ref));
          return Array.isArray(made) ? made : [made];
        },
        async sync(made) {
          await jax.blockUntilReady(made);
          await device.queue.onSubmittedWorkDone();
        },
        async read(made) {
          const result = {};
          for (let i = 0; i < made.length; i++) result[outputs[i]] = await made[i].ref.data();
          return result;
        },
        free: (made) => made.forEach((a) => void a.dispose()),
        dispose() {
          for (const a of on) a.dispose();
          compiled.dispose?.();
        },
      };
    },
  };
}
