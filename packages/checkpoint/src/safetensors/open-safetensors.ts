import { type ByteSource, readExactly, readIntoExactly } from "../byte-source";
import { type Checkpoint, type CheckpointEntry, makeCheckpoint } from "../checkpoint";
import { CheckpointError } from "../errors";
import { type HeaderTensor, MAX_HEADER_BYTES, parseHeader } from "./read-header";

/** Opens a safetensors file: reads and checks the header, leaves the data where it is. */
export async function openSafetensors(source: ByteSource): Promise<Checkpoint> {
  const prefix = await readExactly(source, 0, 8, "the length of the safetensors header");
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] the safetensors header is too large. Got ${length} bytes. Expected at most ${MAX_HEADER_BYTES}. ` +
        "Is this a safetensors file?",
    );
  }
  const dataStart = 8 + Number(length);
  const bytes = await readExactly(source, 8, Number(length), "the safetensors header");
  const header = parseHeader(bytes, source.size - dataStart);
  const entries = new Map<string, CheckpointEntry>();
  const tensors = new Map<string, HeaderTensor>();
  for (const tensor of header.tensors) {
    const { name, dtype, shape, begin, end } = tensor;
    entries.set(name, { dtype, shape, byteLength: end - begin });
    tensors.set(name, tensor);
  }
  return makeCheckpoint({
    format: "safetensors",
    metadata: header.metadata,
    entries,
    extras: null,
    load: (name, target) =>
      readIntoExactly(source, dataStart + (tensors.get(name)?.begin ?? 0), target, `tensor ${name}`),
  });
}
