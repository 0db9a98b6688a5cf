/** A float32 array with its shape, in PyTorch's layout. */
export interface Input {
  shape: readonly number[];
  data: Float32Array;
}

export type Inputs = Record<string, Input>;
/** Value of one element of an output in double precision. */
export type Element = (index: number) => number;

/** Sizes that some libraries' code needs; each family of ops uses its own. */
export type Sizes = Readonly<Record<string, number>>;

/** One line of the table. Inputs and outputs are in PyTorch's layout; converting them to a library's own is not timed. */
export interface Op {
  name: string;
  /** The code that runs it: ops of one family differ in sizes only. */
  family:
    | "linear"
    | "attention"
    | "layerNorm"
    | "gelu"
    | "softmax"
    | "conv"
    | "convT"
    | "convGrad"
    | "convTGrad"
    | "block";
  sizes: Sizes;
  /** Floating-point operations of the task; 0 where bandwidth bounds it. */
  flops: number;
  /** Bytes that must be read and written at least. */
  bytes: number;
  /** Needs gradients. */
  grad?: boolean;
  /** Attention with SAM's decomposed relative positions. */
  relPos?: boolean;
  outputs: Readonly<Record<string, readonly number[]>>;
  inputs(): Inputs;
  reference(inputs: Inputs): Record<string, Element>;
}

/** An op made ready by a library: inputs are on the device. */
export interface Prepared {
  note?: string;
  /** Runs before each timed run, untimed: what the task does not ask for. */
  before?(): void | Promise<void>;
  /** Issues the work. */
  run(): unknown;
  /** Resolves when the device has finished. */
  sync(handle: unknown): Promise<unknown>;
  read(handle: unknown): Promise<Record<string, ArrayLike<number>>>;
  free(handle: unknown): unknown;
  dispose(): unknown;
}

/** A library in a process of its own. */
export interface Peer {
  name: string;
  version: string;
  prepare(op: Op, inputs: Inputs): Promise<Prepared | { unsupported: string }>;
}

/** What a library's file may use: a device that it opened is counted and watched. */
export interface Host {
  watch(device: GPUDevice): void;
  adapter: string | undefined;
}
