// One process of a test: opens GPUs as told, computes, lets go, and ends by itself.
// Argument: JSON of { open: OpenGpuOptions[] }. Prints one line of JSON.
import { DeviceError, tensor } from "@ama-sam/tensor";
import { AdapterError, type OpenGpuOptions, openGpu } from "../src/index";
import { liveInstances } from "../src/instance";

/** What a child process reports. */
export interface ChildReport {
  names: string[];
  /** Each device's read-back of the numbers 1 to 1000, summed: 500500. */
  sums: number[];
  log: string[];
  /** After the devices were disposed. */
  instances: number;
  error?: { name: string; reason: string; message: string };
}

const { open } = JSON.parse(process.argv[2]) as { open: OpenGpuOptions[] };
const report: ChildReport = { names: [], sums: [], log: [], instances: 0 };
// With --expose-gc: a lost reference shows as a crash.
const collect = () => (globalThis as { gc?: () => void }).gc?.();

try {
  const devices = await Promise.all(
    open.map((options) => openGpu({ ...options, log: (line) => report.log.push(line) })),
  );
  for (let round = 0; round < 3; round++) {
    collect();
    const values = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
    const read = await Promise.all(devices.map((device) => tensor(device, values).data()));
    report.sums = read.map((data) => data.reduce((total, x) => total + x, 0));
  }
  report.names = devices.map((device) => device.info.name);
  for (const device of devices) await device.dispose();
} catch (error) {
  if (!DeviceError.isInstance(error) && !AdapterError.isInstance(error)) throw error;
  report.error = { name: error.name, reason: error.reason, message: error.message };
}
collect();
report.instances = liveInstances();
console.log(JSON.stringify(report));
