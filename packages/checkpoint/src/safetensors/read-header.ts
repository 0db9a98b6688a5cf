import { DTYPES, type Dtype } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { elementCount, MAX_DIMS } from "../shape";
import { JsonCursor } from "./json-cursor";

/** The reference library's cap: a longer header is refused before anything is allocated for it. */
export const MAX_HEADER_BYTES = 100_000_000;

/** One tensor of a header; offsets in bytes from the end of the header. */
export interface HeaderTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Map<string, string>;
  /** Ordered by offset. */
  readonly tensors: HeaderTensor[];
}

function dtypeOf(name: string): Dtype | undefined {
  return (Object.keys(DTYPES) as Dtype[]).find((dtype) => DTYPES[dtype].safetensors === name);
}

function readTensor(json: JsonCursor, name: string): HeaderTensor {
  let dtypeName: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  json.object(`tensor ${quoteName(name)}`, (key) => {
    if (key === "dtype") dtypeName = json.string();
    else if (key === "shape") shape = json.integers(MAX_DIMS);
    else if (key === "data_offsets") offsets = json.integers(2);
    else json.fail(`tensor ${quoteName(name)} has the unknown field ${quoteName(key)}`);
  });
  if (dtypeName === undefined || shape === undefined || offsets?.length !== 2) {
    return json.fail(`tensor ${quoteName(name)} lacks its dtype, shape or two data_offsets`);
  }
  const dtype = dtypeOf(dtypeName);
  if (dtype === undefined) {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] tensor ${quoteName(name)} has an element type that is not read here. Got ${quoteName(dtypeName)}. ` +
        `Expected one of ${Object.values(DTYPES)
          .map((d) => d.safetensors)
          .join(", ")}.`,
    );
  }
  return { name, dtype, shape, begin: offsets[0] as number, end: offsets[1] as number };
}

/**
 * Parses and validates a header against the bytes that follow it: every check of the reference library
 * (huggingface/safetensors), and none of its data touched. `dataBytes` is the file size less header and length.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number): Header {
  if (bytes[0] !== 0x7b) {
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] the safetensors header does not start with '{'. Got byte ${bytes[0] ?? "none"}.`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError("corrupt", "[openCheckpoint] the safetensors header is not valid UTF-8.", { cause });
  }
  const json = new JsonCursor(text);
  const metadata = new Map<string, string>();
  const tensors: HeaderTensor[] = [];
  json.object("the header", (name) => {
    if (name === "__metadata__") json.object("__metadata__", (key) => metadata.set(key, json.string()));
    else tensors.push(readTensor(json, name));
  });
  for (let i = json.position; i < text.length; i++) {
    if (text[i] !== " ") json.fail("something other than spaces follows the last brace");
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(tensors, dataBytes);
  return { metadata, tensors };
}

/** Sizes agree with shapes; data lies end to end, no overlap, no hole, nothing left over. */
function checkLayout(tensors: readonly HeaderTensor[], dataBytes: number): void {
  let at = 0;
  for (const t of tensors) {
    const span = `data_offsets [${t.begin}, ${t.end}]`;
    if (t.begin !== at || t.end < t.begin) {
      const problem = t.end < t.begin ? "ends before it begins" : t.begin < at ? "overlaps another" : "leaves a hole";
      throw new CheckpointError(
        "corrupt",
        `[openCheckpoint] the data of tensor ${quoteName(t.name)} ${problem}. Got ${span}. Expected a begin of ${at}.`,
      );
    }
    const count = elementCount(t.shape);
    const size = count === undefined ? Number.NaN : count * DTYPES[t.dtype].bytes;
    if (!Number.isSafeInteger(size)) {
      throw new CheckpointError(
        "corrupt",
        `[openCheckpoint] the size of tensor ${quoteName(t.name)} overflows. Got ${t.dtype} [${t.shape}].`,
      );
    }
    if (t.end - t.begin !== size) {
      throw new CheckpointError(
        "corrupt",
        `[openCheckpoint] shape and data of tensor ${quoteName(t.name)} disagree. Got ${span}, which is ${t.end - t.begin} bytes. ` +
          `Expected ${size} for ${t.dtype} [${t.shape}].`,
      );
    }
    at = t.end;
  }
  if (at !== dataBytes) {
    throw new CheckpointError(
      at > dataBytes ? "truncated" : "corrupt",
      `[openCheckpoint] the safetensors file is too ${at > dataBytes ? "short" : "long"}. Got ${dataBytes} bytes of data. ` +
        `Expected ${at}, the end of the last tensor. ${at > dataBytes ? "Download or copy it again." : ""}`.trimEnd(),
    );
  }
}
