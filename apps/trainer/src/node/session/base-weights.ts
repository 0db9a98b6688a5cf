import { open } from "node:fs/promises";
import { type Checkpoint, openCheckpoint, sha256 } from "@ama-sam/checkpoint";
import { CommandError, naming } from "../errors";
import { fileSource } from "../files/file-bytes";

/** An open weights file; `close` ends reading. */
export interface OpenWeights {
  checkpoint: Checkpoint;
  sha256: string;
  close(): Promise<void>;
}

/** Opens a weights file for reading by tensor, and hashes it whole: a run must be able to say what it started from. */
export async function openWeights(path: string): Promise<OpenWeights> {
  const handle = await open(path, "r");
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new CommandError(`${path}: this is a folder. Expected a .pth or .safetensors file`);
    const source = fileSource(handle, found.size);
    const checkpoint = await openCheckpoint(source);
    return { checkpoint, sha256: await sha256(source), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw naming(path, error);
  }
}
