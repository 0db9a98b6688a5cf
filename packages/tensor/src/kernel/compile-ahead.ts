import { flags } from "../debug/flags";
import type { Device } from "../device/device";

/** How far {@link compileAhead} is. */
export interface CompileProgress {
  done: number;
  total: number;
}

/**
 * Compiles side by side every kernel that `fn` would launch, so that the first step or image does not wait for one after the other.
 *
 * `fn` runs at once, but no kernel does: tensors get memory and no values. So it must not read back, and what it leaves behind
 * (gradients, results) is rubbish that the caller frees. A kernel that does not compile is skipped here and reported on use.
 * @param fn synchronous; a forward pass and `backward`, as a rule
 * @returns how many kernels were compiled
 */
export async function compileAhead(
  device: Device,
  fn: () => void,
  onProgress?: (progress: CompileProgress) => void,
): Promise<number> {
  device.assertUsable();
  if (flags.nan || flags.validate) return 0; // these look at the values, of which there are none
  const sources = device.pipelines.collect(fn);
  const total = sources.length;
  let done = 0;
  await Promise.all(
    sources.map(async (source) => {
      await device.pipelines.compileAsync(source);
      done++;
      onProgress?.({ done, total });
    }),
  );
  device.assertUsable();
  return total;
}
