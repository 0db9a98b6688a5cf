import { AdapterError, openGpu } from "@ama-sam/dawn";
import type { Device } from "@ama-sam/tensor";
import type { Command } from "commander";
import type { Io } from "../io";

/** Adds `--adapter`, which every command that computes has. */
export function addAdapterOption(command: Command): Command {
  return command.option(
    "--adapter <name>",
    "GPU: hardware, lavapipe, swiftshader, a part of a name, or an index of `ama-sam doctor`",
  );
}

/** Opens the asked GPU (else `AMA_SAM_ADAPTER`'s, else the best), runs `use`, and frees it. */
export async function withDevice<T>(
  io: Io,
  adapter: string | undefined,
  use: (device: Device) => Promise<T>,
): Promise<T> {
  const device = await openDevice(io, adapter);
  try {
    return await use(device);
  } finally {
    await device.dispose();
  }
}

/**
 * Opens the GPU that a run began on, where none is asked for and it is still there: on another one the run ends with other bits, which
 * is said. The caller disposes it.
 *
 * @param began the name of that adapter; without it the run begins now
 */
export async function openDeviceOfRun(io: Io, adapter: string | undefined, began: string | undefined): Promise<Device> {
  const device = await openDevice(io, adapter);
  if (began === undefined || device.info.name === began) return device;
  if (adapter === undefined && !io.env.AMA_SAM_ADAPTER) {
    await device.dispose();
    try {
      return await openDevice(io, began);
    } catch (error) {
      if (!AdapterError.isInstance(error) || error.reason !== "not-found") throw error;
    }
    return warned(await openDevice(io, adapter));
  }
  return warned(device);

  function warned(other: Device): Device {
    io.err(`warning: the run began on ${began}; on ${other.info.name} it will not end with the same bits\n`);
    return other;
  }
}

/** Opens a GPU; the caller disposes it. */
export function openDevice(io: Io, adapter: string | undefined): Promise<Device> {
  const choice = adapter ?? io.env.AMA_SAM_ADAPTER;
  return (io.openGpu ?? openGpu)({
    ...(choice !== undefined && { adapter: /^\d+$/.test(choice) ? Number(choice) : choice }),
    log: (line) => io.err(`${line}\n`),
  });
}
