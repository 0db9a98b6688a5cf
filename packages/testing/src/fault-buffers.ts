import type { FaultCall, FaultState } from "./fault-plan";

/** @internal Lets an out-of-memory error appear in the innermost scope that would catch it. */
export interface FakeMemory {
  raise(): void;
}

/** @internal Follows the error scopes of a device. */
export function fakeOutOfMemory(gpu: GPUDevice): FakeMemory {
  const scopes: { filter: GPUErrorFilter; error: GPUError | null }[] = [];
  const push = gpu.pushErrorScope.bind(gpu);
  const pop = gpu.popErrorScope.bind(gpu);
  Object.defineProperty(gpu, "pushErrorScope", {
    value: (filter: GPUErrorFilter) => {
      scopes.push({ filter, error: null });
      push(filter);
    },
  });
  Object.defineProperty(gpu, "popErrorScope", {
    value: async () => {
      const scope = scopes.pop();
      const real = pop();
      return scope?.error ? real.then(() => scope.error) : real;
    },
  });
  return {
    raise() {
      const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
      if (scope) scope.error ??= { message: "injected: out of memory" } as GPUError;
    },
  };
}

const MAP_READ = 1;
const STORAGE = 0x80;

/** @internal Faults of buffers: memory refused, mappings that fail, read-backs with NaN. */
export function breakBuffers(
  gpu: GPUDevice,
  state: FaultState,
  memory: FakeMemory,
  hit: (call: FaultCall) => void,
): void {
  const create = gpu.createBuffer.bind(gpu);
  /** A buffer that the implementation itself calls invalid, without an error of its own. */
  const invalid = (size: number): GPUBuffer => {
    gpu.pushErrorScope("validation");
    const made = create({ size, usage: MAP_READ | STORAGE });
    gpu.popErrorScope().catch(() => {});
    return made;
  };
  Object.defineProperty(gpu, "createBuffer", {
    value: (descriptor: GPUBufferDescriptor) => {
      hit("createBuffer");
      if (state.counts.createBuffer === state.plan.outOfMemoryAt) {
        memory.raise();
        return invalid(descriptor.size);
      }
      const buffer = create(descriptor);
      if (descriptor.usage & MAP_READ) patchMapping(buffer, state, hit);
      return buffer;
    },
  });
}

function patchMapping(buffer: GPUBuffer, state: FaultState, hit: (call: FaultCall) => void): void {
  const map = buffer.mapAsync.bind(buffer);
  const range = buffer.getMappedRange.bind(buffer);
  let poisoned = false;
  Object.defineProperty(buffer, "mapAsync", {
    value: (mode: number) => {
      hit("mapAsync");
      poisoned = state.counts.mapAsync === state.plan.nanInReadAt;
      // Mapping for writing what was made for reading: rejects, and raises a validation error.
      return map(state.counts.mapAsync === state.plan.failMapAt ? 2 : mode);
    },
  });
  Object.defineProperty(buffer, "getMappedRange", {
    value: (...args: [number?, number?]) => {
      const bytes = range(...args);
      if (!poisoned) return bytes;
      const copy = bytes.slice(0);
      new Float32Array(copy, 0, 1)[0] = Number.NaN;
      return copy;
    },
  });
}
