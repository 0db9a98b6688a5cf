import { adamStep, clipScale, type Device, gradNorm, type Tensor, zeroGrad, zeros } from "@ama-sam/tensor";
import { ModuleError } from "../errors";

/** Options of {@link Adam}; defaults are PyTorch's and the paper's. */
export interface AdamOptions {
  /** Default 1e-3. */
  lr?: number;
  betas?: readonly [number, number];
  eps?: number;
  /** Global L2 norm to which gradients are scaled down; 0 (default) for none. No read-back. */
  clipNorm?: number;
}

/**
 * Adam (Kingma and Ba), PyTorch's `torch.optim.Adam` without weight decay. Moments live on the device in f32.
 *
 * Bias correction counts the optimiser's updates; PyTorch counts each parameter's own. They differ for a parameter that gets its
 * first gradient late: give such a part an optimiser of its own, made when it starts to learn.
 */
export class Adam {
  lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly clipNorm: number;
  /** Updates made. */
  steps = 0;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly #m = new Map<string, Tensor>();
  readonly #v = new Map<string, Tensor>();

  /**
   * @param parameters trainable leaves by name; names key the saved state
   * @throws ModuleError for options that are no legal numbers (PyTorch's ranges), and for parameters that are not f32
   */
  constructor(parameters: ReadonlyMap<string, Tensor>, options: AdamOptions = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, clipNorm = 0 } = options;
    const below = (limit: number, value: number) => value >= 0 && value < limit;
    const { POSITIVE_INFINITY } = Number;
    check("lr", lr, below(POSITIVE_INFINITY, lr), "a number from 0 on");
    check("betas", betas, betas.length === 2 && betas.every((beta) => below(1, beta)), "two numbers from 0 to below 1");
    check("eps", eps, below(POSITIVE_INFINITY, eps), "a number from 0 on");
    check("clipNorm", clipNorm, below(POSITIVE_INFINITY, clipNorm), "a number from 0 on, 0 for none");
    this.parameters = parameters;
    this.lr = lr;
    this.betas = betas;
    this.eps = eps;
    this.clipNorm = clipNorm;
    for (const [name, p] of parameters) {
      if (p.dtype !== "f32")
        throw new ModuleError(
          "Adam",
          `a parameter cannot be trained in its type. Got ${name} in ${p.dtype}. Expected f32; freeze it, or build it without half.`,
        );
      this.#m.set(name, zeros(p.device, p.shape, { tag: "optimiser", name: `${name}.m` }).keep());
      this.#v.set(name, zeros(p.device, p.shape, { tag: "optimiser", name: `${name}.v` }).keep());
    }
  }

  get device(): Device | null {
    return [...this.parameters.values()][0]?.device ?? null;
  }

  /** One update from the parameters' `.grad`; a parameter without gradient stays as it is, as in PyTorch. */
  step(): void {
    const live = [...this.parameters].filter(([, p]) => p.grad);
    this.steps++;
    if (live.length === 0) return;
    const pick = (of: Map<string, Tensor>) => live.map(([name]) => of.get(name) as Tensor);
    const grads = live.map(([, p]) => p.grad as Tensor);
    const norm = this.clipNorm > 0 ? gradNorm(grads) : null;
    const scale = norm ? clipScale(norm, this.clipNorm) : null;
    adamStep({
      params: live.map(([, p]) => p),
      grads,
      m: pick(this.#m),
      v: pick(this.#v),
      lr: this.lr,
      beta1: this.betas[0],
      beta2: this.betas[1],
      eps: this.eps,
      step: this.steps,
      gradScale: scale ?? 1,
    });
    norm?.dispose("Adam");
    scale?.dispose("Adam");
  }

  /** Frees the gradients. */
  zeroGrad(): void {
    zeroGrad(this.parameters.values());
  }

  /** Moments by name: `NAME.m` and `NAME.v`. */
  stateDict(): Map<string, Tensor> {
    const out = new Map<string, Tensor>();
    for (const [name, t] of this.#m) out.set(`${name}.m`, t);
    for (const [name, t] of this.#v) out.set(`${name}.v`, t);
    return out;
  }

  /** Overwrites moments and the count of updates. */
  load(steps: number, values: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const [name, t] of this.stateDict()) {
      const data = values.get(name);
      if (!data)
        throw new ModuleError(
          "Adam.load",
          `a moment is missing. Got ${values.size} tensors without ${name}. Expected the state of the same model.`,
        );
      t.write(data);
    }
    this.steps = steps;
  }

  dispose(): void {
    for (const t of this.stateDict().values()) t.dispose();
  }
}

/** NaN or a negative rate would spoil every parameter without a word. */
function check(name: string, got: unknown, legal: boolean, expected: string): void {
  if (!legal) throw new ModuleError("Adam", `${name} is no legal value. Got ${got}. Expected ${expected}.`);
}
