import { type ByteInput, readExactly, toByteSource } from "./byte-source";
import type { Checkpoint } from "./checkpoint";
import { CheckpointError } from "./errors";
import { openSafetensors } from "./safetensors/open-safetensors";

export interface OpenOptions {
  /**
   * Torch files: which nested dict holds the tensors, its keys joined by "."; "" takes the whole file, with nested names
   * joined by ".". By default a file that holds no tensor at its top but exactly one dict of tensors
   * (`{model: {...}, epoch: 3}`, `{state_dict: {...}}`) is unwrapped to that dict.
   */
  readonly root?: string;
  /** Zip `.pth` files: check the CRC-32 of all data that is read (default true). */
  readonly verify?: boolean;
}

/** torch's legacy magic number as the LONG1 that a legacy file begins with, after PROTO and perhaps a FRAME. */
const LEGACY_MAGIC = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/** What people really hand to a checkpoint reader, so that the error can say what to do: offset, first bytes, advice. */
const LOOKALIKES: readonly (readonly [number, string, string])[] = [
  [0, "<", "a web page: the download link needs a log-in or has moved. Download the file itself"],
  [0, "version https://git-lfs", "a Git LFS pointer: the data was not fetched. Run git lfs pull"],
  [0, "\x93NUMPY", "a NumPy array: use readNpy"],
  [0, "\x1f\x8b", "gzip-compressed data: unpack it first"],
  [0, "BZh", "bzip2-compressed data: unpack it first"],
  [0, "\xfd7zXZ", "xz-compressed data: unpack it first"],
  [0, "\x28\xb5\x2f\xfd", "zstd-compressed data: unpack it first"],
  [0, "7z\xbc\xaf", "a 7-Zip archive: unpack it first"],
  [0, "\x89HDF", "an HDF5 (Keras) file: convert it to safetensors"],
  [257, "ustar", "a tar archive (torch < 0.1.10): load and save it again with a newer torch"],
  [0, "\x80", "a bare pickle, not torch.save's output. Save it with torch.save(model.state_dict(), path)"],
];

/**
 * Opens a safetensors or PyTorch `.pth` file (zip or legacy; told apart by content, not by name) without reading the tensors.
 * Executes nothing; the reader of `.pth` files is loaded with the first of them. Throws `CheckpointError` for every damaged, hostile or unknown file.
 *
 * Example: `const ckpt = await openCheckpoint(file); const { data, shape } = await ckpt.read("image_encoder.pos_embed")`.
 */
export async function openCheckpoint(input: ByteInput, options: OpenOptions = {}): Promise<Checkpoint> {
  const source = toByteSource(input);
  const headBytes = await readExactly(source, 0, Math.min(source.size, 264), "the first bytes");
  const head = String.fromCharCode(...headBytes);
  if (head.startsWith("PK\x03\x04") || head.startsWith("PK\x05\x06")) {
    const { openTorchZip } = await import("./torch/open-zip");
    return openTorchZip(source, options);
  }
  if (head[0] === "\x80" && (head.startsWith(LEGACY_MAGIC, 2) || head.startsWith(LEGACY_MAGIC, 11))) {
    const { openTorchLegacy } = await import("./torch/open-legacy");
    return openTorchLegacy(source, options);
  }
  // A header length of 640 looks like a pickle and one of 35,615 like gzip, so this comes before the lookalikes.
  if (head[8] === "{") return openSafetensors(source);
  const known = LOOKALIKES.find(([offset, start]) => head.trimStart().startsWith(start, offset));
  throw new CheckpointError(
    source.size < 16 ? "truncated" : "unsupported",
    `[openCheckpoint] not a checkpoint. Got ${source.size} bytes` +
      `${known ? ` that look like ${known[2]}` : source.size === 0 ? ", an empty file" : ` that begin with ${hexBytes(headBytes)}`}. ` +
      "Expected a safetensors file or a PyTorch .pth file.",
  );
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
