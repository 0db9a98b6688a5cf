// Writes ONNX models, protobuf wire format by hand: enough for float32 graphs.

/** One node; attributes are text, whole numbers, lists of them, or `{ float }`. */
export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, string | number | number[] | { float: number }>;
  domain?: string;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  inputs: Record<string, readonly number[]>;
  outputs: Record<string, readonly number[]>;
  constants: Record<string, { shape: readonly number[]; data: Float32Array | BigInt64Array }>;
}

const encoder = new TextEncoder();

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest ? low | 128 : low);
  } while (rest);
  return Uint8Array.from(out);
}

const tag = (field: number, wire: number) => varint((field << 3) | wire);
const int = (field: number, value: number) => join([tag(field, 0), varint(value)]);
const bytes = (field: number, value: Uint8Array) => join([tag(field, 2), varint(value.length), value]);
const text = (field: number, value: string) => bytes(field, encoder.encode(value));
const float = (field: number, value: number) => join([tag(field, 5), new Uint8Array(new Float32Array([value]).buffer)]);

const FLOAT = 1;
const INT64 = 7;
const KIND = { float: 1, int: 2, string: 3, ints: 7 };

function tensor(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): Uint8Array {
  const type = data instanceof BigInt64Array ? INT64 : FLOAT;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return join([...shape.map((d) => int(1, d)), int(2, type), text(8, name), bytes(9, raw)]);
}

function value(name: string, shape: readonly number[]): Uint8Array {
  const sizes = join(shape.map((d) => bytes(1, int(1, d))));
  return join([text(1, name), bytes(2, bytes(1, join([int(1, FLOAT), bytes(2, sizes)])))]);
}

function attribute(name: string, given: string | number | number[] | { float: number }): Uint8Array {
  if (typeof given === "string") return join([text(1, name), text(4, given), int(20, KIND.string)]);
  if (Array.isArray(given)) return join([text(1, name), ...given.map((x) => int(8, x)), int(20, KIND.ints)]);
  if (typeof given === "object") return join([text(1, name), float(2, given.float), int(20, KIND.float)]);
  return join([text(1, name), int(3, given), int(20, KIND.int)]);
}

function node({ op, inputs, outputs, attributes = {}, domain = "" }: OnnxNode, index: number): Uint8Array {
  return join([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `${op}_${index}`),
    text(4, op),
    ...Object.entries(attributes).map(([name, given]) => bytes(5, attribute(name, given))),
    ...(domain ? [text(7, domain)] : []),
  ]);
}

/** A model of operator set 20 with float32 inputs and outputs. */
export function onnxModel({ nodes, inputs, outputs, constants }: OnnxGraph): Uint8Array {
  const graph = join([
    ...nodes.map((n, i) => bytes(1, node(n, i))),
    text(2, "graph"),
    ...Object.entries(constants).map(([name, { shape, data }]) => bytes(5, tensor(name, shape, data))),
    ...Object.entries(inputs).map(([name, shape]) => bytes(11, value(name, shape))),
    ...Object.entries(outputs).map(([name, shape]) => bytes(12, value(name, shape))),
  ]);
  const opset = join([text(1, ""), int(2, 20)]);
  return join([int(1, 9), text(2, "peers"), bytes(7, graph), bytes(8, opset)]);
}
