// onnxruntime-web, native WebGPU provider: inference only. Weights are constants, activations and results stay on the GPU.
import { readFileSync } from "node:fs";
import { pairsOf } from "../reference/attention.ts";
import { load } from "./load.mjs";
import { onnxModel } from "./onnx-model.ts";

const dist = new URL("../node_modules/onnxruntime-web/dist/", import.meta.url);
const USAGE = 0x80 | 0x8 | 0x4; // STORAGE, COPY_DST, COPY_SRC
const providers = { executionProviders: ["webgpu"], preferredOutputLocation: "gpu-buffer" };

/** A graph that grows by calls; each answers the name of its result. */
function builder() {
  const nodes = [];
  const constants = {};
  let count = 0;
  const emit = (op, inputs, attributes) => {
    const name = `t${count++}`;
    nodes.push({ op, inputs, outputs: [name], attributes });
    return name;
  };
  const constant = (shape, data) => {
    const name = `c${count++}`;
    constants[name] = { shape, data };
    return name;
  };
  const whole = (values) => constant([values.length], BigInt64Array.from(values.map(BigInt)));
  return {
    nodes,
    constants,
    emit,
    constant,
    scalar: (value) => constant([], Float32Array.of(value)),
    reshape: (x, shape) => emit("Reshape", [x, whole(shape)]),
    transpose: (x, perm) => emit("Transpose", [x], { perm }),
    result: (x) => void nodes.push({ op: "Identity", inputs: [x], outputs: ["y"] }),
  };
}

function attention(g, [q, k, v], dim, bias = (z) => z) {
  const scores = g.emit("MatMul", [g.emit("Mul", [q, g.scalar(dim ** -0.5)]), g.transpose(k, [0, 2, 1])]);
  return g.emit("MatMul", [g.emit("Softmax", [bias(scores)], { axis: -1 }), v]);
}

/** SAM's decomposed bias from batched products; tables already spread to pairs. */
function relPosBias(g, { B, T, D, W }, { relPosH, relPosW }) {
  const grid = g.reshape("q", [B, W, W, D]);
  const pairs = (table) => g.transpose(g.constant([W, W, D], pairsOf(table.data, W, D)), [0, 2, 1]);
  const along = (order, table, back) => {
    const rows = g.reshape(g.transpose(grid, order), [W, B * W, D]);
    return g.transpose(g.reshape(g.emit("MatMul", [rows, pairs(table)]), [W, B, W, W]), back);
  };
  return (z) => {
    const h = g.reshape(along([1, 0, 2, 3], relPosH, [1, 0, 2, 3]), [B, T, W, 1]);
    const w = g.reshape(along([2, 0, 1, 3], relPosW, [1, 2, 0, 3]), [B, T, 1, W]);
    return g.reshape(g.emit("Add", [g.emit("Add", [g.reshape(z, [B, T, W, W]), h]), w]), [B, T, T]);
  };
}

/** One op; all inputs but the activations are constants. */
const single = (op, activations, attributes, operands) => (_, inputs) => ({
  nodes: [{ op, inputs: operands ?? Object.keys(inputs), outputs: ["y"], attributes }],
  constants: Object.fromEntries(Object.entries(inputs).filter(([name]) => !activations.includes(name))),
  activations,
});

const families = {
  linear: single("MatMul", ["x"]),
  layerNorm: single("LayerNormalization", ["x"], { axis: -1, epsilon: { float: 1e-6 } }),
  gelu: single("Gelu", ["x"]),
  softmax: single("Softmax", ["x"], { axis: -1 }),
  conv: single("Conv", ["x"], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
  convT: single("ConvTranspose", ["x"], { strides: [2, 2], kernel_shape: [2, 2] }),
  attention: ({ sizes, relPos }, inputs) => {
    const g = builder();
    const bias = relPos ? relPosBias(g, sizes, inputs) : undefined;
    g.result(attention(g, ["q", "k", "v"], sizes.D, bias));
    const note = "composed: its fused attention gives wrong numbers on software adapters";
    return { nodes: g.nodes, constants: g.constants, activations: ["q", "k", "v"], note };
  },
};

export async function open({ watch }) {
  const ort = await load(new URL("ort.webgpu.bundle.min.mjs", dist).href);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = readFileSync(new URL("ort-wasm-simd-threaded.asyncify.wasm", dist)).buffer;
  // The provider destroys its device with the last session: a tiny one stays for the life of the process.
  const tiny = { nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }], inputs: { x: [4] }, outputs: { y: [4] } };
  const kept = await ort.InferenceSession.create(onnxModel({ ...tiny, constants: {} }), providers);

  return {
    kept,
    name: "ort-web",
    version: ort.env.versions.web,
    async prepare(op, inputs) {
      if (op.grad) return { unsupported: "no gradients: training builds were dropped" };
      const { nodes, constants, activations, note } = families[op.family](op, inputs);
      const shapes = Object.fromEntries(activations.map((name) => [name, inputs[name].shape]));
      const model = onnxModel({ nodes, constants, inputs: shapes, outputs: op.outputs });
      const session = await ort.InferenceSession.create(model, providers);
      const device = await ort.env.webgpu.device;
      watch(device);
      const buffers = [];
      const feeds = {};
      for (const name of activations) {
        const { data, shape } = inputs[name];
        const buffer = device.createBuffer({ size: data.byteLength, usage: USAGE });
        device.queue.writeBuffer(buffer, 0, data);
        buffers.push(buffer);
        feeds[name] = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: shape });
      }
      return {
        note,
        run: () => session.run(feeds),
        sync: () => device.queue.onSubmittedWorkDone(),
        read: async ({ y }) => ({ y: await y.getData() }),
        free: ({ y }) => y.dispose(),
        async dispose() {
          await session.release();
          for (const buffer of buffers) buffer.destroy();
        },
      };
    },
  };
}
