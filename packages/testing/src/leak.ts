import { clearGraph, type Device, scope } from "@ama-sam/tensor";

/**
 * Runs `fn` in a scope and throws if device memory is not what it was: every tensor must be freed with the scope.
 * Tensors that `fn` keeps on purpose must be disposed by it.
 */
export async function expectNoLeak<T>(device: Device, fn: () => T | Promise<T>): Promise<T> {
  const before = device.memory();
  const result = await scope(device, "leak check", async () => {
    const value = await fn();
    clearGraph(device);
    return { value };
  });
  const after = device.memory();
  if (after.liveBuffers !== before.liveBuffers) {
    throw new Error(
      `[expectNoLeak] buffers leaked. Got ${after.liveBuffers} live after, ${before.liveBuffers} before (${after.liveBytes - before.liveBytes} bytes): ${JSON.stringify(after.byTag)}`,
    );
  }
  return result.value;
}
