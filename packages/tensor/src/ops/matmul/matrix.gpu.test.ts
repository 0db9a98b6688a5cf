import { testDevice, worstError } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";
import { create } from "webgpu";
import { createDevice } from "../../device/device";
import { refArray } from "../../op/reference";
import { fromHalf, toHalf } from "../../tensor/dtype";
import { empty, scope, tensor } from "../../tensor/tensor";
import { matmulRef } from "./matmul.ref";
import { matmulMatrixKernel, matrixKernelOn, matrixTileBytes, productMatrix } from "./matrix";

// Plain arithmetic in place of the matrix units, so that everything around them runs on any adapter with f16: a fragment of sums is
// eight elements in each of 32 lanes, and operands stay in workgroup memory.
const UNITS = `enable f16;
var<private> member: u32;
alias Sums = array<f32, 8>;
alias Left = u32;
alias Right = u32;
fn leftAt(at: u32) -> Left { return at; }
fn rightAt(at: u32) -> Right { return at; }
fn addProduct(l: Left, r: Right, sums: Sums) -> Sums {
  var next = sums;
  let row = member / 2u;
  for (var e = 0u; e < 8u + p.act / 9u; e++) {
    let col = member % 2u * 8u + e;
    for (var k = 0u; k < 16u + p.act / 9u; k++) {
      next[e] += f32(tileA[l + row * SA + k]) * f32(tileB[r + col * select(1u, SB, TB) + k * select(SB, 1u, TB)]);
    }
  }
  return next;
}
fn putSums(at: u32, sums: Sums) {
  for (var e = 0u; e < 8u + p.act / 9u; e++) { corner[at + member / 2u * SP + member % 2u * 8u + e] = sums[e]; }
}
`;
const withoutSubgroups = (source: string) =>
  source
    .replace(/< (FM|FN|HA|HB);/g, "< $1 + p.act / 9u;") // adds 0, but keeps the loops: unrolled they take minutes to compile
    .replace("@builtin(subgroup_id) subgroup: u32,", "")
    .replace("let tile = group.z", "let subgroup = lane / 32u;\n  member = lane % 32u;\n  let tile = group.z");

const TILES = [
  { TM: 64, TN: 64, BK: 32, WG: 128 },
  { TM: 128, TN: 128, BK: 32, WG: 256 },
];
const half = (values: Float64Array) => values.map((v) => fromHalf(toHalf(v)));

describe("products on the matrix units", () => {
  test("every variant is valid on Dawn's null backend, which offers the feature", async () => {
    const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
    const adapter = await instance.requestAdapter();
    if (!adapter) throw new Error("no null backend");
    const device = await createDevice({ adapter, retain: instance });
    const { gpu, limits } = device;
    expect([...gpu.features]).toContain("chromium-experimental-subgroup-matrix");
    for (const TB of [true, false]) {
      for (const sizes of TILES) {
        const code = matmulMatrixKernel.code({ ...sizes, TB });
        gpu.pushErrorScope("validation");
        const module = gpu.createShaderModule({ code });
        const { messages } = await module.getCompilationInfo();
        expect(messages.map((it) => it.message)).toEqual([]);
        gpu.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
        const error = await gpu.popErrorScope();
        if (matrixTileBytes(sizes, TB) <= limits.maxComputeWorkgroupStorageSize) expect(error).toBeNull();
        else expect(error?.message).toContain("workgroup storage");
      }
    }
    await device.dispose();
  });

  for (const transposeB of [true, false]) {
    for (const sizes of transposeB ? TILES : TILES.slice(0, 1)) {
      test(`everything but the units is right: ${JSON.stringify({ transposeB, ...sizes })}`, async () => {
        const device = await testDevice();
        // Where nothing is stored f16 (SwiftShader), the same in f32: the tiles take twice the room, and half the steps fit.
        const dtype = device.abilities.f16 ? "f16" : "f32";
        const tile = dtype === "f16" ? sizes : { ...sizes, TM: 64, TN: 64, BK: 16 };
        const stored = (source: string) =>
          dtype === "f16"
            ? source
            : source.replace("enable f16;", "").replace(/f16/g, "f32").replace(/vec4h/g, "vec4f");
        const kernel = matrixKernelOn(stored(UNITS), (source) => stored(withoutSubgroups(source)));
        const [m, k, n] = [70, 52, 132];
        const magnitudes = [1, 1e6, 1e-9, 3e4]; // by row: past both ends of f16
        const a = Float64Array.from({ length: m * k }, (_, i) =>
          Math.fround(Math.sin(i * i) * magnitudes[Math.floor(i / k) % 4]),
        );
        const b = half(Float64Array.from({ length: k * n }, (_, i) => Math.cos(i * i)));
        const bias = Float64Array.from({ length: n }, (_, i) => i);
        const shapeB = transposeB ? [n, k] : [k, n];
        const { data } = matmulRef({ a: refArray([m, k], a), b: refArray(shapeB, b) }, { transposeB });
        await scope(device, "test", async () => {
          const y = empty(device, [m, n]);
          const [ta, tb] = [tensor(device, a, [m, k]), tensor(device, b, shapeB, { dtype })];
          const spec = { a: ta, b: tb, y, batch: 1, m, n, k, transposeB };
          productMatrix(spec, tile, kernel);
          const got = await y.data();
          for (let i = 0; i < m; i++) {
            const part = [i * n, (i + 1) * n] as const;
            // f16 has 11 bits: each row is as good as that, whatever its magnitude
            expect(worstError(got.slice(...part), data.slice(...part), 0), `row ${i}`).toBeLessThan(2e-3);
          }
          productMatrix({ ...spec, bias: tensor(device, bias, [n]), activation: "relu", alpha: 0.5 }, tile, kernel);
          const ended = data.map((v, i) => Math.max(0, 0.5 * v + bias[i % n]));
          expect(worstError(await y.data(), ended)).toBeLessThan(2e-3);
        });
      });
    }
  }
});
