import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectNoLeak, openTestDevice, testDevice } from "@ama-sam/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backward, zeroGrad } from "../autograd/tape";
import type { Device } from "../device/device";
import { KernelError } from "../errors";
import { defineKernel } from "../kernel/define-kernel";
import { defineOp } from "../op/define-op";
import { refArray } from "../op/reference";
import { add, div, exp, linear, log, matmul, mul, relu } from "../ops/index";
import { scope, tensor, zeros } from "../tensor/tensor";
import { flags, matchesFilter, withFlags } from "./flags";
import { clearTrace, type TraceEvent, traceEvents } from "./trace";

/** An op with a kernel of its own, so that tuning the real ones changes nothing here. */
function element(name: string, inputs: readonly string[]) {
  const kernel = defineKernel({
    name,
    source: [
      "const WG: u32 = 64u;",
      ...inputs.map((x, i) => `@group(0) @binding(${i}) var<storage, read> ${x}: array<f32>;`),
      `@group(0) @binding(${inputs.length}) var<storage, read_write> y: array<f32>;`,
      "@compute @workgroup_size(WG) fn main(@builtin(global_invocation_id) i: vec3u) {",
      `  y[i.x] = ${inputs.map((x) => `${x}[i.x]`).join(" + ")};`,
      "}",
    ],
    params: { WG: [64, 128] },
  });
  return defineOp({
    name,
    inputs,
    shape: ({ a }, _: object) => a,
    forward: (tensors, _, y) => {
      kernel.run(y.device, { ...tensors, y }, {}, [Math.ceil(y.size / 64)]);
      return undefined;
    },
  });
}
const echo = element("echo", ["a"]);
const plus = element("plus", ["a", "b"]);

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => void lines.push(...String(text).split("\n")));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const caught = async (run: () => Promise<unknown>): Promise<Error> => {
  const error = await run().then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).not.toBeNull();
  return error as Error;
};

describe("TENSOR_DEBUG", () => {
  test("1: adapter, features, limits and compiles", async () => {
    await withFlags({ debug: 1 }, async () => {
      const device = await openTestDevice();
      await echo.apply({ a: tensor(device, [1]) }, {}).data();
      await device.dispose();
    });
    const text = lines.join("\n");
    expect(text).toMatch(/^\[tensor\] features .*subgroups of/m);
    expect(text).toMatch(/^\[tensor\] limits .*maxStorageBufferBindingSize \d+/m);
    expect(text).toMatch(/^\[tensor\] compiled echo\[WG=64\] in [\d.]+ ms/m);
    expect(text).not.toMatch(/bound/);
  });

  test("2: one line per kernel, with time and rate where the adapter has timestamps", async () => {
    const device = await testDevice();
    await withFlags({ debug: 2 }, () =>
      scope(device, "s", async () => {
        const x = zeros(device, [1 << 16]);
        await plus.apply({ a: echo.apply({ a: x }, {}), b: x }, {}).data();
      }),
    );
    const time = device.abilities.timestamps ? ", [\\d.]+ us, [\\d.]+ GB/s" : "";
    const line = (key: string, op: string, bytes: string) =>
      new RegExp(`^\\[tensor\\] ${key}\\[WG=64\\] 1024x1x1 in ${op}: ${bytes} bound${time}; live [\\d.]+ [KM]iB$`, "m");
    expect(lines.join("\n")).toMatch(line("echo", "echo", "512\\.0 KiB"));
    expect(lines.join("\n")).toMatch(line("plus", "plus", "768\\.0 KiB"));
    lines = [];
    await echo.apply({ a: zeros(device, [4]) }, {}).data(); // off again: silent, and no timestamps are taken
    expect(lines).toEqual([]);
    expect(device.queue.profiler).toBeNull();
  });

  test("3 and 4: why a variant, scopes with bytes, and the final WGSL; TENSOR_FILTER limits them", async () => {
    const device = await openTestDevice();
    await withFlags({ debug: 4, filter: "echo*" }, () =>
      scope(device, "step", async () => {
        const x = zeros(device, [4]);
        await plus.apply({ a: echo.apply({ a: x }, {}), b: x }, {}).data();
      }),
    );
    const text = lines.join("\n");
    expect(text).toMatch(/scope "step" opens; live/);
    expect(text).toMatch(/scope "step" closes; live/);
    expect(text).toMatch(/echo\[WG=64\]: WG = 64 \(default of 64, 128\)/);
    expect(text).toContain("fn main(");
    expect(text).not.toMatch(/plus\[WG=64\]/);
    await device.dispose();
  });

  test("the filter takes several patterns with *", async () => {
    await withFlags({ filter: "layer-norm*, matmul" }, () => {
      expect(matchesFilter("layer-norm-grad[WG=64]")).toBe(true);
      expect(matchesFilter("matmul[TILE=4]")).toBe(true);
      expect(matchesFilter("relu[WG=64]")).toBe(false);
    });
    expect(flags.filter).toBe("");
  });
});

describe("TENSOR_NAN", () => {
  const run = (fn: (device: Device) => Promise<unknown>) =>
    withFlags({ nan: true }, async () => {
      const device = await testDevice();
      return expectNoLeak(device, () => fn(device));
    });

  test("stops at the first op, with the ranges of what it read and the caller's line", async () => {
    const error = await run((device) =>
      caught(() => {
        const a = tensor(device, [2, 3, 4, 8]);
        const b = tensor(device, [1, -0.5, 0, 2]);
        const y = div(exp(a), b); // infinity at b = 0, and everything after it
        return mul(relu(y), 0).data();
      }),
    );
    expect(KernelError.isInstance(error)).toBe(true);
    const { message } = error as KernelError;
    expect(message).toMatch(/^\[div\] wrote NaN or infinity\. Got y \[4\] with 1 of 4 values not finite/);
    expect(message).toMatch(/It read a \[4\] in \[7\.389, 2981\]; b \[4\] in \[-0\.5000, 2\.000\]/);
    expect(message).toContain("debug.gpu.test.ts");
  });

  test("finds it in a backward pass too", async () => {
    const error = await run(async (device) => {
      const x = tensor(device, [0, 4], [2], { requiresGrad: true });
      const thrown = await caught(() => {
        backward(mul(log(add(x, 1)), log(add(x, 1))), { gradient: tensor(device, [1, 3e38]) });
        return device.sync();
      });
      zeroGrad([x]);
      return thrown;
    });
    expect((error as Error).message).toMatch(/^\[\w+ backward\] wrote NaN or infinity\. Got d\w+ \[2\].*It read dy/s);
  });

  test("says nothing where all is finite, over many ops and awaits", async () => {
    await run(async (device) => {
      for (let k = 0; k < 3; k++) {
        let x = tensor(device, [1, 2, 3]);
        for (let i = 0; i < 1200; i++) x = relu(x); // more records than one page holds
        expect([...(await x.data())]).toEqual([1, 2, 3]);
      }
    });
  });
});

describe("TENSOR_VALIDATE", () => {
  const wrong = defineKernel({
    name: "wrong-double",
    source: [
      "@group(0) @binding(0) var<storage, read> x: array<f32>;",
      "@group(0) @binding(1) var<storage, read_write> y: array<f32>;",
      "@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) i: vec3u) {",
      "  y[i.x] = select(2.0 * x[i.x], 7.0, i.x == 4u);",
      "}",
    ],
  });
  const double = defineOp({
    name: "double",
    inputs: ["x"],
    shape: ({ x }, _: object) => x,
    forward: ({ x }, _, y) => {
      wrong.run(x.device, { x, y }, {}, [x.size]);
      return undefined;
    },
    reference: ({ x }) =>
      refArray(
        x.shape,
        x.data.map((v) => 2 * v),
      ),
  });

  test("stops at the first mismatch, with op, place, values and inputs, even if an input changes afterwards", async () => {
    const device = await testDevice();
    await expectNoLeak(device, () =>
      withFlags({ validate: true }, async () => {
        const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
        const y = double.apply({ x }, {});
        x.write([0, 0, 0, 0, 0, 0]);
        const error = await caught(() => relu(y).data());
        expect(KernelError.isInstance(error)).toBe(true);
        expect(error.message).toMatch(
          /^\[double\] its result differs from the float64 reference\. Got 7 at \[1, 1\] of \[2, 3\]\. Expected 10 .*x \[2, 3\]/,
        );
        expect([...(await x.data())]).toEqual([0, 0, 0, 0, 0, 0]);
      }),
    );
  });

  test("is content with right ops, forward and backward", async () => {
    const device = await testDevice();
    await expectNoLeak(device, () =>
      withFlags({ validate: true, nan: true }, async () => {
        const x = tensor(device, [1, -2, 3, 4, 5, 6], [2, 3], { requiresGrad: true });
        const y = matmul(linear(x, tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]), null, { activation: "gelu" }), x);
        backward(y, { gradient: zeros(device, y.shape) });
        expect((await y.data()).length).toBe(6);
      }),
    );
  });
});

describe("TENSOR_MEM", () => {
  test("peak and live bytes by tag on dispose, and the op holding the peak", async () => {
    await withFlags({ mem: true }, async () => {
      const device = await openTestDevice();
      const w = tensor(device, new Float32Array(2 ** 18), [512, 512], { requiresGrad: true, tag: "params" });
      scope(device, "step", () => {
        const h = relu(matmul(w, w));
        backward(matmul(h, zeros(device, [512, 1])), { gradient: zeros(device, [512, 1]) });
      });
      await device.sync();
      expect(device.memory().peakOp).toMatch(/backward/);
      await device.dispose();
    });
    expect(lines[0]).toMatch(/^\[tensor\] memory peak [\d.]+ MiB in [\w ]*backward: .*params 1\.0 MiB/);
    expect(lines[0]).toMatch(/saved by relu 1\.0 MiB/);
    expect(lines[1]).toMatch(/^\[tensor\] memory live .* buffers: .*params 1\.0 MiB/);
  });
});

test("TENSOR_TRACE: a Chrome trace with ops, kernels, uploads and waits, written on dispose", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trace-"));
  const trace = join(folder, "out.json");
  clearTrace();
  try {
    await withFlags({ trace }, async () => {
      const device = await openTestDevice();
      const x = tensor(device, new Float32Array(1000));
      await echo.apply({ a: plus.apply({ a: x, b: x }, {}) }, {}).data();
      const timed = device.abilities.timestamps;
      await device.dispose();
      const { traceEvents: events } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: TraceEvent[] };
      const names = (cat: string) => events.filter((e) => e.cat === cat).map((e) => e.name);
      expect(names("ops")).toEqual(["plus", "echo"]);
      expect(names("encode")).toEqual(["plus[WG=64]", "echo[WG=64]"]);
      expect(names("gpu")).toEqual(timed ? ["plus[WG=64]", "echo[WG=64]"] : []);
      expect(names("upload")).toEqual(["upload 3.9 KiB"]);
      expect(names("wait")).toContain("data");
      const boxes = events.filter((e) => e.ph === "X");
      for (const { ts, dur } of boxes) expect(Number.isFinite(ts) && (dur ?? -1) >= 0).toBe(true);
      // On one clock: the GPU cannot start a kernel before the CPU began to encode it.
      const at = (cat: string) => boxes.find((e) => e.cat === cat && e.name.startsWith("plus"))?.ts ?? Number.NaN;
      if (timed) expect(at("gpu")).toBeGreaterThanOrEqual(at("encode"));
    });
    expect(traceEvents().length).toBeGreaterThan(5);
  } finally {
    clearTrace();
    rmSync(folder, { recursive: true });
  }
});
