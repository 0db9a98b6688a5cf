import { openGpu } from "@ama-sam/dawn";
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

/** Opens a GPU; the caller disposes it. */
export function openDevice(io: Io, adapter: string | undefined): Promise<Device> {
  const choice = adapter ?? io.env.AMA_SAM_ADAPTER;
  return (io.openGpu ?? openGpu)({
    ...(choice !== undefined && { adapter: /^\d+$/.test(choice) ? Number(choice) : choice }),
    log: (line) => io.err(`${line}\n`),
  });
}
