import { adamStep, backward, type Device, reshape, scope, slice, type Tensor, tensor, zeros } from "@ama-sam/tensor";
import { type GoldenCase, type GoldenTensor, judge, type Verdict } from "@ama-sam/testing";
import { OPS } from "./op-table";

/** Uploads a golden tensor; integers become i32. */
export function upload(device: Device, t: GoldenTensor, requiresGrad = false): Tensor {
  const whole = t.dtype.startsWith("I") || t.dtype.startsWith("U") || t.dtype === "BOOL";
  return tensor(device, Array.from(t.data as ArrayLike<number>, Number), t.shape, {
    dtype: whole ? "i32" : "f32",
    requiresGrad,
  });
}

/** Runs one operator case: output, and the gradient of every input that the case stores. */
export async function runOp(test: GoldenCase, device: Device): Promise<Verdict[]> {
  if (test.op === "adam") return runAdam(test, device);
  const run = OPS[test.op];
  if (!run) return [{ name: test.op, ok: false, worst: Number.NaN, allowed: 0, message: "no such op here" }];
  return scope(device, test.id, async () => {
    const inputs: Record<string, Tensor> = {};
    for (const [name, t] of test.tensors) {
      if (name.startsWith("in.")) inputs[name.slice(3)] = upload(device, t, test.tensors.has(`grad.${name.slice(3)}`));
    }
    const y = run(inputs, test.attrs);
    const verdicts = [judge(test, "out.y", await y.data())];
    const gradient = test.tensors.get("gout.y");
    if (gradient) {
      backward(y, { gradient: tensor(device, gradient.data as Float32Array, y.shape) });
      for (const [name, x] of Object.entries(inputs)) {
        if (!x.requiresGrad) continue;
        verdicts.push(
          x.grad
            ? judge(test, `grad.${name}`, await x.grad.data())
            : { name: `grad.${name}`, ok: false, worst: Number.NaN, allowed: 0, message: "no gradient" },
        );
        x.grad?.dispose();
      }
    }
    return verdicts;
  });
}

async function runAdam(test: GoldenCase, device: Device): Promise<Verdict[]> {
  const { lr, betas, eps, decay, steps, steps_per_epoch } = test.attrs;
  const start = test.tensors.get("in.param");
  const stored = test.tensors.get("in.grads");
  if (!start || !stored) return [{ name: "in", ok: false, worst: Number.NaN, allowed: 0, message: "inputs missing" }];
  return scope(device, test.id, async () => {
    const param = upload(device, start);
    const all = upload(device, stored);
    const [m, v] = [zeros(device, start.shape), zeros(device, start.shape)];
    const history: number[] = [];
    for (let k = 0; k < steps; k++) {
      const grad = reshape(slice(all, 0, k, k + 1), start.shape);
      adamStep({
        params: [param],
        grads: [grad],
        m: [m],
        v: [v],
        lr: lr * decay ** Math.floor(k / steps_per_epoch),
        beta1: betas[0],
        beta2: betas[1],
        eps,
        step: k + 1,
      });
      history.push(...(await param.data()));
    }
    return [
      judge(test, "out.params", history),
      judge(test, "out.m", await m.data()),
      judge(test, "out.v", await v.data()),
    ];
  });
}
