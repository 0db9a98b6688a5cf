import { adamStep, clipScale, gradNorm, scope, tensor, zeros } from "@ama-sam/tensor";
import { goldenCases, judge, Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";

const rule = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

for (const c of goldenCases("ops", ["adam"])) {
  test(`${c.id}: PyTorch's parameters after every step`, async () => {
    const device = await testDevice();
    await scope(device, "test", async () => {
      const p0 = c.tensors.get("in.param");
      const all = c.tensors.get("in.grads");
      if (!p0 || !all) throw new Error("case without tensors");
      const { lr, betas, eps, decay, steps, steps_per_epoch: perEpoch } = c.attrs;
      const param = tensor(device, p0.data as Float32Array, p0.shape);
      const [m, v] = [zeros(device, p0.shape), zeros(device, p0.shape)];
      const history: number[] = [];
      for (let k = 0; k < steps; k++) {
        const grad = tensor(
          device,
          (all.data as Float32Array).subarray(k * param.size, (k + 1) * param.size),
          p0.shape,
        );
        const rate = lr * decay ** Math.floor(k / perEpoch);
        adamStep({
          params: [param],
          grads: [grad],
          m: [m],
          v: [v],
          lr: rate,
          beta1: betas[0],
          beta2: betas[1],
          eps,
          step: k + 1,
        });
        history.push(...(await param.data()));
      }
      for (const [name, got] of [
        ["out.params", history],
        ["out.m", await m.data()],
        ["out.v", await v.data()],
      ] as const) {
        const verdict = judge(c, name, got);
        expect(verdict.ok, `${name}: ${verdict.message}`).toBe(true);
      }
    });
  });
}

for (const [name, sizes] of Object.entries({
  pairs: [5, 1, 300, 70_003],
  "an odd one": [1, 2, 3],
  "beyond one dimension of workgroups": [4, 65_536 * 64 * 4 + 9],
  empty: [0, 3, 0],
})) {
  test(`several tensors at once: ${name}`, async () => {
    const device = await testDevice();
    const random = new Random(3);
    await scope(device, "test", async () => {
      const values = sizes.map((n) => (n > 1e6 ? new Float32Array(n).fill(0.5) : random.normals(n)));
      const params = values.map((x) => tensor(device, x));
      const grads = values.map((x) =>
        tensor(
          device,
          x.map((g) => g * 2),
        ),
      );
      const [m, v] = [sizes.map((n) => zeros(device, [n])), sizes.map((n) => zeros(device, [n]))];
      for (const gradScale of [0.5, tensor(device, [0.5], [])]) {
        for (const [i, p] of params.entries()) p.write(values[i]);
        for (const x of [...m, ...v]) x.write(new Float32Array(x.size));
        adamStep({ ...rule, params, grads, m, v, step: 1, gradScale });
        for (const [k, p] of params.entries()) {
          // the first step moves every element by the rate, against its gradient
          const got = await p.data();
          const worst = got.reduce(
            (w, x, i) => Math.max(w, Math.abs(x - (values[k][i] - 0.01 * Math.sign(values[k][i])))),
            0,
          );
          expect(worst).toBeLessThan(1e-5);
        }
      }
    });
  });
}

test("lists that do not go together are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const [a, b, c] = [1, 2, 3].map((x) => tensor(device, [x]));
    const good = { ...rule, params: [a], grads: [b], m: [c], v: [tensor(device, [0])], step: 1 };
    expect(() => adamStep({ ...good, m: [] })).toThrow(
      "[adamStep] the lists differ in length. Got params 1, grads 1, m 0, v 1.",
    );
    expect(() => adamStep({ ...good, step: 0 })).toThrow("[adamStep] step is not a step's number. Got 0.");
    expect(() => adamStep({ ...good, v: [c] })).toThrow("[adamStep] v[0] shares its bytes with another tensor");
    expect(() => adamStep({ ...good, grads: [tensor(device, [1, 2])] })).toThrow(
      "[adamStep] grads[0] has a wrong shape. Got [2]. Expected [1], as params[0].",
    );
    expect(() => adamStep({ ...good, gradScale: tensor(device, [1, 2]) })).toThrow(
      "[adamStep] gradScale is not a scalar",
    );
  });
});

test("clipping brings the norm down to its bound, without a read-back", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const grads = [tensor(device, [3, 0, 0]), tensor(device, [4])];
    const norm = gradNorm(grads);
    expect(await norm.item()).toBe(5);
    expect(await clipScale(norm, 1).item()).toBeCloseTo(0.2, 6);
    expect(await clipScale(norm, 7).item()).toBe(1);
  });
});
