import type { Device } from "@ama-sam/tensor";

type Open = () => Promise<Device>;
interface Slot {
  open?: Open;
  device?: Promise<Device>;
}

const slot = ((globalThis as { [key: symbol]: Slot | undefined })[Symbol.for("@ama-sam/testing/device")] ??= {});

/** Tells {@link testDevice} how to open a device; the setup file of a test project calls it. */
export function provideDevice(open: Open): void {
  slot.open = open;
}

/** The device of this test process, opened on first use and again after a loss. */
export async function testDevice(): Promise<Device> {
  if (!slot.open)
    throw new Error(
      "[testDevice] no device was provided. Expected provideDevice(() => openGpu()) in the test project's setup file.",
    );
  if (slot.device && (await slot.device).isLost) slot.device = undefined;
  slot.device ??= slot.open();
  return slot.device;
}

/** A device of its own, for a test that loses or disposes it. */
export async function openTestDevice(): Promise<Device> {
  if (!slot.open)
    throw new Error(
      "[openTestDevice] no device was provided. Expected provideDevice(() => openGpu()) in the test project's setup file.",
    );
  return slot.open();
}
