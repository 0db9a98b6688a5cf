import { breakBuffers, fakeOutOfMemory } from "./fault-buffers";
import { poisonKernels } from "./fault-kernels";
import { before, type FaultCall, type FaultPlan, type FaultState } from "./fault-plan";

/** Controls of the faults of one device. */
export interface Faults {
  /** Calls counted so far. */
  readonly counts: Readonly<Record<FaultCall, number>>;
  /** Whether the planned loss has struck. */
  readonly struck: boolean;
  /** Replaces the plan from now on; counts start anew. */
  arm(plan: FaultPlan): void;
}

const CALLS: FaultCall[] = ["submit", "dispatch", "writeBuffer", "mapAsync", "createBuffer", "createBindGroup"];
const none = () => Object.fromEntries(CALLS.map((call) => [call, 0])) as Record<FaultCall, number>;

/**
 * Wraps an adapter so that its device fails as planned: `createDevice({ adapter: faultAdapter(adapter, plan).adapter })`.
 * A loss is a real one (`GPUDevice.destroy()`), with all that the implementation then resolves silently.
 */
export function faultAdapter(adapter: GPUAdapter, plan: FaultPlan = {}): { adapter: GPUAdapter; faults: Faults } {
  const state: FaultState = { plan, counts: none(), struck: false };
  const wrapped = new Proxy(adapter, {
    get(target, name) {
      if (name === "requestDevice")
        return async (descriptor?: GPUDeviceDescriptor) => inject(await target.requestDevice(descriptor), state);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { adapter: wrapped, faults: controls(state) };
}

/** The same for a device that is open already: `injectFaults((await openTestDevice()).gpu)`. */
export function injectFaults(gpu: GPUDevice, plan: FaultPlan = {}): Faults {
  const state: FaultState = { plan, counts: none(), struck: false };
  inject(gpu, state);
  return controls(state);
}

function controls(state: FaultState): Faults {
  return {
    counts: state.counts,
    get struck() {
      return state.struck;
    },
    arm(next) {
      state.plan = next;
      state.struck = false;
      for (const call of CALLS) state.counts[call] = 0;
    },
  };
}

/** Counts a call and strikes when it is the one. */
function strike(gpu: GPUDevice, state: FaultState, call: FaultCall): void {
  state.counts[call]++;
  const { lose } = state.plan;
  if (!lose || lose.on !== call || state.counts[call] !== lose.at) return;
  state.struck = true;
  gpu.destroy();
}

// The native objects are patched in place: native calls accept no proxies in their place.
function inject(gpu: GPUDevice, state: FaultState): GPUDevice {
  const hit = (call: FaultCall) => strike(gpu, state, call);
  const { queue } = gpu;
  before(queue, "submit", () => hit("submit"));
  before(queue, "writeBuffer", () => hit("writeBuffer"));
  Object.defineProperty(gpu, "queue", { value: queue });
  const memory = fakeOutOfMemory(gpu);
  breakBuffers(gpu, state, memory, hit);
  poisonKernels(gpu, state, hit);
  return gpu;
}
