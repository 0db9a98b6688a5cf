/** The few messages of TensorBoard's `event.proto` and `summary.proto` that scalars, images and texts need, encoded by hand. */
export interface SummaryValue {
  tag: string;
  scalar?: number;
  /** A PNG. */
  image?: { width: number; height: number; png: Uint8Array };
}

/** One TensorBoard event: the file's first names the version, the others hold values of a step. */
export interface Event {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  fileVersion?: string;
  /** Tells TensorBoard to forget values of this step and later from older files: a resumed run does them again. */
  restart?: boolean;
  values?: readonly SummaryValue[];
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Encodes an `Event` as protobuf bytes. */
export function encodeEvent(event: Event): Uint8Array {
  const out: number[] = [];
  key(out, 1, FIXED64);
  double(out, event.wallTime);
  if (event.step !== undefined && event.step !== 0) {
    key(out, 2, VARINT);
    varint(out, event.step);
  }
  if (event.fileVersion !== undefined) field(out, 3, new TextEncoder().encode(event.fileVersion));
  if (event.values) field(out, 5, encodeSummary(event.values));
  // session_log { status: START }
  if (event.restart) field(out, 7, [8, 1]);
  return Uint8Array.from(out);
}

function encodeSummary(values: readonly SummaryValue[]): ArrayLike<number> {
  const out: number[] = [];
  for (const { tag, scalar, image } of values) {
    const value: number[] = [];
    field(value, 1, new TextEncoder().encode(tag));
    if (scalar !== undefined) {
      key(value, 2, FIXED32);
      float(value, scalar);
    }
    if (image) {
      const body: number[] = [];
      key(body, 1, VARINT);
      varint(body, image.height);
      key(body, 2, VARINT);
      varint(body, image.width);
      key(body, 3, VARINT);
      varint(body, 3); // RGB
      field(body, 4, image.png);
      field(value, 4, body);
    }
    field(out, 1, value);
  }
  return out;
}

function key(out: number[], number: number, type: number): void {
  varint(out, number * 8 + type);
}

/** Numbers up to 2^53 - 1; division, because shifts stop at 32 bits. */
function varint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

function field(out: number[], number: number, bytes: ArrayLike<number>): void {
  key(out, number, BYTES);
  varint(out, bytes.length);
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]!);
}

function float(out: number[], value: number): void {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  for (let i = 0; i < 4; i++) out.push(view.getUint8(i));
}

function double(out: number[], value: number): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  for (let i = 0; i < 8; i++) out.push(view.getUint8(i));
}
