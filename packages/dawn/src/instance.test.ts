import { expect, it } from "vitest";
import { parseNames } from "./instance";

const MESSAGE = `no suitable backends found
Available adapters:
 * backend: 'd3d11', name: 'NVIDIA GeForce RTX 4070'
 * backend: 'd3d12', name: 'NVIDIA GeForce RTX 4070'
 * backend: 'd3d12', name: 'Microsoft Basic Render Driver'
 * backend: 'null', name: 'Null backend'
 * backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)'
 * backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)'
 * backend: 'vulkan', name: 'it's odd'`;

it("reads Dawn's list: one line per adapter of the platform's own backend", () => {
  expect(parseNames(MESSAGE, "linux").map((it) => it.name)).toEqual(["llvmpipe (LLVM 15.0.6, 256 bits)", "it's odd"]);
  expect(parseNames(MESSAGE, "win32").map((it) => it.name)).toEqual([
    "NVIDIA GeForce RTX 4070",
    "Microsoft Basic Render Driver",
  ]);
  // No Metal in the list: everything but the null backend.
  expect(parseNames(MESSAGE, "darwin")).toHaveLength(5);
  expect(parseNames("no suitable backends found\nAvailable adapters:\n", "linux")).toEqual([]);
});
