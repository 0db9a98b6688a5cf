// TensorFlow.js, webgpu backend: eager, tf.tidy around each run.
import { permuted } from "../layout.ts";
import { pairsOf } from "../reference/attention.ts";
import { EPS } from "../reference/vit-block.ts";
import { load } from "./load.mjs";

const NHWC = [0, 2, 3, 1];
const NCHW = [0, 3, 1, 2];
const HWIO = [2, 3, 1, 0];
const OIHW = [3, 2, 0, 1];
const TRAINED = ["x", "down_w", "down_b", "up_w", "up_b"];

export async function open({ watch }) {
  const tf = await load("@tensorflow/tfjs-core");
  await load("@tensorflow/tfjs"); // registers gradients; tfjs-core alone has none
  await load("@tensorflow/tfjs-backend-webgpu");
  if (!(await tf.setBackend("webgpu"))) throw new Error("[tfjs] the webgpu backend did not start");
  await tf.ready();
  const backend = tf.backend();
  watch(backend.device);

  const up = ({ shape, data }) => tf.tensor(data, shape);
  const upAll = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, up(input)]));
  const gelu = (x) => tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
  const layerNorm = (x, weight, bias) =>
    tf.tidy(() => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, EPS))), weight), bias);
    });
  const attention = (q, k, v, dim, bias = (z) => z) =>
    tf.matMul(tf.softmax(bias(tf.matMul(tf.mul(q, dim ** -0.5), k, false, true))), v);
  const linear = (x, P, name) => tf.add(tf.matMul(x, P[`${name}_w`]), P[`${name}_b`]);

  function block({ T, D, heads }, P) {
    const qkv = linear(layerNorm(P.x, P.ln1_g, P.ln1_b), P, "qkv");
    const split = tf.transpose(tf.reshape(qkv, [T, 3, heads, D / heads]), [1, 2, 0, 3]);
    const [q, k, v] = tf.unstack(split, 0); // each [heads, T, D / heads]
    const joined = tf.reshape(tf.transpose(attention(q, k, v, D / heads), [1, 0, 2]), [T, D]);
    const mid = tf.add(P.x, linear(joined, P, "proj"));
    const m = linear(gelu(linear(layerNorm(mid, P.ln2_g, P.ln2_b), P, "fc1")), P, "fc2");
    return tf.add(tf.add(mid, m), linear(gelu(linear(m, P, "down")), P, "up"));
  }

  /** SAM's decomposed bias from batched products; tables already spread to pairs [W, W, D]. */
  function relPosBias(q, pairsH, pairsW, { B, T, D, W }) {
    const grid = tf.reshape(q, [B, W, W, D]);
    const along = (order, pairs, back) => {
      const rows = tf.reshape(tf.transpose(grid, order), [W, B * W, D]);
      return tf.transpose(tf.reshape(tf.matMul(rows, pairs, false, true), [W, B, W, W]), back);
    };
    return (z) => {
      const h = tf.reshape(along([1, 0, 2, 3], pairsH, [1, 0, 2, 3]), [B, T, W, 1]);
      const w = tf.reshape(along([2, 0, 1, 3], pairsW, [1, 2, 0, 3]), [B, T, 1, W]);
      return tf.reshape(tf.add(tf.add(tf.reshape(z, [B, T, W, W]), h), w), [B, T, T]);
    };
  }

  const pixels = (inputs) => ({
    x: up(permuted(inputs.x, NHWC)),
    w: up(permuted(inputs.w, HWIO)),
    gy: inputs.gy && up(permuted(inputs.gy, NHWC)),
  });
  const gradients = (inputs, f) => {
    const { x, w, gy } = pixels(inputs);
    const both = tf.grads(f);
    const run = () => {
      const [dx, dw] = both([x, w], gy);
      return { dx, dw };
    };
    return { run, back: { dx: NCHW, dw: OIHW }, note: "tf.grads runs the forward pass as well" };
  };
  const conv = (x, w) => tf.conv2d(x, w, 1, "same");
  const convT =
    ({ O, H }) =>
    (x, w) =>
      tf.conv2dTranspose(x, w, [1, 2 * H, 2 * H, O], 2, "valid");

  const families = {
    linear: (_, inputs) => {
      const { x, w } = upAll(inputs);
      return { run: () => ({ y: tf.matMul(x, w) }) };
    },
    layerNorm: (_, inputs) => {
      const { x, weight, bias } = upAll(inputs);
      return { run: () => ({ y: layerNorm(x, weight, bias) }), note: "composed: tfjs-core has no layer norm" };
    },
    gelu: (_, inputs) => {
      const { x } = upAll(inputs);
      return { run: () => ({ y: gelu(x) }), note: "composed: tfjs-core has no GELU" };
    },
    softmax: (_, inputs) => {
      const { x } = upAll(inputs);
      return { run: () => ({ y: tf.softmax(x) }) };
    },
    attention: ({ sizes, relPos }, { q, k, v, relPosH, relPosW }) => {
      const on = upAll({ q, k, v });
      const { W, D } = sizes;
      const pairs = (table) => up({ shape: [W, W, D], data: pairsOf(table.data, W, D) });
      const bias = relPos ? relPosBias(on.q, pairs(relPosH), pairs(relPosW), sizes) : undefined;
      return { run: () => ({ y: attention(on.q, on.k, on.v, D, bias) }), note: "composed: tfjs has no attention" };
    },
    conv: (_, inputs) => {
      const { x, w } = pixels(inputs);
      return { run: () => ({ y: conv(x, w) }), back: { y: NCHW } };
    },
    convT: ({ sizes }, inputs) => {
      const { x, w } = pixels(inputs);
      return { run: () => ({ y: convT(sizes)(x, w) }), back: { y: NCHW } };
    },
    convGrad: (_, inputs) => gradients(inputs, conv),
    convTGrad: ({ sizes }, inputs) => gradients(inputs, convT(sizes)),
    block: ({ sizes }, inputs) => {
      const P = upAll(inputs);
      const step = tf.valueAndGrads((...values) => {
        const given = Object.fromEntries(TRAINED.map((name, i) => [name, values[i]]));
        return tf.mean(tf.square(block(sizes, { ...P, ...given })));
      });
      const run = () => {
        const { value, grads } = step(TRAINED.map((name) => P[name]));
        const named = TRAINED.map((name, i) => [name === "x" ? "dx" : `d_${name}`, grads[i]]);
        return { loss: value, ...Object.fromEntries(named) };
      };
      return { run };
    },
  };

  return {
    name: "tfjs",
    version: tf.version_core,
    async prepare(op, inputs) {
      tf.engine().startScope();
      const { run, back = {}, note } = families[op.family](op, inputs);
      return {
        note,
        run: () => tf.tidy(run),
        async sync() {
          backend.endComputePassEncoder(); // submitQueue leaves an open pass behind
          backend.submitQueue();
          await backend.device.queue.onSubmittedWorkDone();
        },
        async read(outputs) {
          const result = {};
          for (const [name, t] of Object.entries(outputs)) {
            const data = await t.data();
            result[name] = back[name] ? permuted({ shape: t.shape, data }, back[name]).data : data;
          }
          return result;
        },
        free: (outputs) => tf.dispose(outputs),
        dispose: () => tf.engine().endScope(),
      };
    },
  };
}
