import type { Device } from "../device/device";
import { DTypeError, LifetimeError, ShapeError } from "../errors";
import { closeScope, dropScope, openScope, type Scope } from "../tensor/lifetime";
import { type Shape, sameShape, show } from "../tensor/shape";
import { type GraphNode, Tensor, tensor } from "../tensor/tensor";
import { accumulate } from "./accumulate";
import { reduceTo } from "./reduce-sum";

/** Gradients of a node's inputs for the gradient of its output; null where none is needed. */
export type Pullback = (dy: Tensor) => readonly (Tensor | null)[];

interface Edge {
  node: Node | null;
  leaf: Tensor | null;
  shape: Shape;
}

class Node implements GraphNode {
  consumed = false;
  /** Sum of the gradients that have arrived; owned by the node. */
  grad: Tensor | null = null;
  /** Who can still ask for a gradient through it: its tensor, and every node made from that. */
  users = 1;

  constructor(
    readonly op: string,
    readonly seq: number,
    readonly shape: Shape,
    readonly edges: readonly (Edge | null)[],
    public pullback: Pullback | null,
    readonly saved: Tensor[],
    readonly tape: Node[] = [],
  ) {
    for (const edge of edges) if (edge?.node) edge.node.users++;
  }

  /** Nobody left: what was saved is freed at once, and on down the graph. A forward pass without a backward keeps nothing. */
  letGo(): void {
    this.users--;
    if (this.users > 0 || this.consumed) return;
    this.release();
    for (const edge of this.edges) edge?.node?.letGo();
    while (this.tape.at(-1)?.consumed) this.tape.pop();
  }

  release(): void {
    this.consumed = true;
    this.pullback = null;
    for (const held of this.saved.splice(0)) held.dispose("backward");
    this.grad?.dispose("backward");
    this.grad = null;
  }
}

interface State {
  enabled: boolean;
  /** Set when an op met something trainable, recorded or not; `checkpoint` reads it. */
  met: boolean;
  seq: number;
  tape: Node[];
}

const states = new WeakMap<Device, State>();

/** @internal */
export function gradState(device: Device): State {
  let state = states.get(device);
  if (!state) {
    state = { enabled: true, met: false, seq: 0, tape: [] };
    states.set(device, state);
  }
  return state;
}

/** Whether ops on this device are recorded. */
export function gradEnabled(device: Device): boolean {
  return gradState(device).enabled;
}

/** Runs `fn` (sync or async) without recording: nothing is saved for backward (PyTorch's `no_grad`). */
export function noGrad<T>(device: Device, fn: () => T): T {
  return withGrad(device, false, fn);
}

/** @internal */
export function withGrad<T>(device: Device, enabled: boolean, fn: () => T): T {
  const state = gradState(device);
  const before = state.enabled;
  state.enabled = enabled;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    state.enabled = before;
    throw error;
  }
  if (result instanceof Promise) {
    return result.finally(() => {
      state.enabled = before;
    }) as T;
  }
  state.enabled = before;
  return result;
}

/**
 * @internal Records `y` as made from `inputs`. `saved` are handles that the node owns from now on.
 */
export function record(
  op: string,
  inputs: readonly (Tensor | null)[],
  y: Tensor,
  saved: Tensor[],
  pullback: Pullback,
): void {
  const state = gradState(y.device);
  const edges = inputs.map((x) =>
    x?.requiresGrad ? { node: x.node as Node | null, leaf: x.node ? null : x, shape: x.shape } : null,
  );
  const node = new Node(op, state.seq++, y.shape, edges, pullback, saved, state.tape);
  y.node = node;
  y.requiresGrad = true;
  state.tape.push(node);
}

/** @param scope that of the op's pullback: a gradient made in it, which nobody else holds, may be written to */
function deposit(edge: Edge, dx: Tensor, from: Node, scope: Scope): void {
  const folded = reduceTo(dx, edge.shape);
  if (!sameShape(folded.shape, edge.shape)) {
    throw new ShapeError(
      from.op,
      `its gradient has a wrong shape. Got ${show(folded.shape)}. Expected ${show(edge.shape)}. The op's vjp is wrong.`,
    );
  }
  const target = edge.node ?? edge.leaf;
  if (!target) return;
  if (edge.node?.consumed)
    throw new LifetimeError(
      from.op,
      `one of its inputs comes from a graph that an earlier backward consumed. Got the output of ${edge.node.op} ${show(edge.shape)}. Expected one forward pass per backward; add the losses before it, or detach() the input.`,
    );
  if (target.grad) {
    // A handed-through gradient may be shared with another node: never add into shared bytes.
    if (target.grad.exclusive) accumulate(target.grad, folded);
    else {
      const before = target.grad;
      const sum = folded.exclusive && folded.scope === scope ? folded.hold() : copyOf(folded);
      accumulate(sum, before);
      before.dispose("backward");
      keepGradient(target, sum);
    }
    return;
  }
  keepGradient(target, target instanceof Node || folded.exclusive ? folded.hold() : copyOf(folded));
}

function keepGradient(target: Node | Tensor, grad: Tensor): void {
  target.grad = grad;
  if (target instanceof Tensor) grad.device.buffers.retag(grad.storage.block, "grads");
}

function copyOf(x: Tensor): Tensor {
  const made = new Tensor(
    {
      device: x.device,
      block: x.device.buffers.take(x.bytes, x.device.activity.tag, "backward", "a gradient", x.shape),
      refs: 0,
    },
    x.shape,
    x.dtype,
    false,
  );
  x.device.queue.copy(x.storage.block.buffer, made.storage.block.buffer, x.bytes);
  return made;
}

/** Options of {@link backward}. */
export interface BackwardOptions {
  /** Gradient of the result with respect to `y`; needed unless `y` has one element. */
  gradient?: Tensor;
}

/**
 * Adds the gradient of `y` to the `.grad` of every leaf with `requiresGrad`, and frees the graph on the way.
 *
 * Nothing runs for branches in which nothing is trainable. A graph serves one backward: add losses first.
 * @throws LifetimeError on a second backward, or when `y` does not depend on anything trainable.
 */
export function backward(y: Tensor, options: BackwardOptions = {}): void {
  y.assertAlive("backward", "y");
  const { device } = y;
  const { gradient } = options;
  if (!gradient && y.size !== 1)
    throw new ShapeError("backward", `y is not a scalar. Got ${show(y.shape)}. Expected one element, or { gradient }.`);
  if (gradient && !sameShape(gradient.shape, y.shape)) {
    throw new ShapeError(
      "backward",
      `gradient has a wrong shape. Got ${show(gradient.shape)}. Expected ${show(y.shape)}.`,
    );
  }
  if (gradient) checkGradient(gradient, device);
  if (!y.requiresGrad)
    throw new LifetimeError(
      "backward",
      `y depends on nothing trainable. Got ${y.toString()}. Expected a tensor made from a leaf with requiresGrad, outside noGrad.`,
    );
  const root = y.node as Node | null;
  if (root?.consumed)
    throw new LifetimeError(
      "backward",
      "the graph of y was consumed by an earlier backward. Run the forward pass again, or add the losses before one backward.",
    );
  const state = gradState(device);
  const scope = openScope(device, "backward");
  let done = false;
  try {
    withGrad(device, false, () => {
      const seed = gradient ?? tensor(device, [1], y.shape);
      if (!root) {
        const edge = { node: null, leaf: y, shape: y.shape };
        // A second handle on the caller's gradient, so that the deposit copies it.
        deposit(edge, gradient ? gradient.detach() : seed, new Node("backward", -1, y.shape, [], null, []), scope);
        return;
      }
      root.grad = seed.hold();
      walk(device, state.tape, root);
    });
    done = true;
  } finally {
    releaseTape(state.tape);
    state.tape = [];
    if (done) closeScope(device, scope);
    else dropScope(device, scope);
  }
}

function checkGradient(gradient: Tensor, device: Device): void {
  gradient.assertAlive("backward", "gradient");
  if (gradient.device !== device)
    throw new LifetimeError(
      "backward",
      `gradient lives on another device. Got ${gradient.device.info.name}. Expected ${device.info.name}, as y.`,
    );
  if (gradient.dtype !== "f32")
    throw new DTypeError("backward", `gradient has a wrong type. Got ${gradient.dtype}. Expected f32.`);
}

function walk(device: Device, tape: Node[], root: Node): void {
  for (let i = tape.length - 1; i >= 0; i--) {
    const node: Node | undefined = tape[i]; // the end of the tape may have been let go meanwhile
    if (!node || node.seq > root.seq || !node.grad || !node.pullback) continue;
    const scope = openScope(device, `vjp ${node.op}`);
    let done = false;
    try {
      device.activity.during(`${node.op} backward`, "gradients on the way", () => pull(node, scope));
      done = true;
    } finally {
      if (done) closeScope(device, scope);
      else dropScope(device, scope);
    }
    node.release();
  }
}

function pull(node: Node, scope: Scope): void {
  const dxs = node.pullback?.(node.grad as Tensor) ?? [];
  node.edges.forEach((edge, k) => {
    const dx = dxs[k];
    if (edge && dx) deposit(edge, unowned(dx, node), node, scope);
  });
}

/** The op may hand its `dy` through: a second handle on shared bytes, so that the deposit copies instead of adding into it. */
function unowned(dx: Tensor, node: Node): Tensor {
  return dx === node.grad ? dx.detach() : dx;
}

function releaseTape(tape: Node[]): void {
  for (const node of tape) node.release();
}

/** Drops the graph without a backward: everything saved for it is freed. */
export function clearGraph(device: Device): void {
  const state = gradState(device);
  releaseTape(state.tape);
  state.tape = [];
}

/** Frees and clears `.grad` of leaves. */
export function zeroGrad(parameters: Iterable<Tensor>): void {
  for (const p of parameters) {
    p.grad?.dispose("zeroGrad");
    p.grad = null;
  }
}

/** @internal Runs `fn` on a tape of its own; the outer one is put back. */
export function withOwnTape<T>(device: Device, fn: () => T): T {
  const state = gradState(device);
  const outer = state.tape;
  state.tape = [];
  try {
    return fn();
  } finally {
    releaseTape(state.tape);
    state.tape = outer;
  }
}
