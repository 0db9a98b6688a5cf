import { describe, expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c";
import { encodeEvent } from "./event";
import { EventWriter, eventFileName, frameRecord } from "./event-file";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("CRC-32C", () => {
  test("meets RFC 3720's vectors", () => {
    expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  test("the mask rotates by 15 and adds a constant", () => {
    const crc = 0xe3069283n;
    const expected = (((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn;
    expect(BigInt(maskedCrc32c(ascii("123456789")))).toBe(expected);
  });
});

describe("events", () => {
  test("a scalar has the bytes of event.proto", () => {
    // 09 double 1.0 | 10 step 300 | 2a summary 0a value { 0a tag, 15 float 0.5 }
    expect(hex(encodeEvent({ wallTime: 1, step: 300, values: [{ tag: "loss", scalar: 0.5 }] }))).toBe(
      `09000000000000f03f10ac022a0d0a0b0a046c6f7373150000003f`,
    );
  });

  test("the first event names the version", () => {
    expect(hex(encodeEvent({ wallTime: 0, fileVersion: "brain.Event:2" }))).toBe(
      `0900000000000000001a0d${hex(ascii("brain.Event:2"))}`,
    );
  });

  test("an image carries height, width, colour space and the PNG", () => {
    const png = Uint8Array.of(1, 2, 3);
    expect(hex(encodeEvent({ wallTime: 0, values: [{ tag: "a", image: { width: 5, height: 300, png } }] }))).toBe(
      "090000000000000000" + "2a13" + "0a11" + "0a0161" + "220c" + "08ac02" + "1005" + "1803" + "2203010203",
    );
  });

  test("a record is framed by length and two checksums", () => {
    const record = frameRecord(Uint8Array.of(7, 8));
    const view = new DataView(record.buffer);
    expect(record.length).toBe(18);
    expect(view.getBigUint64(0, true)).toBe(2n);
    expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
    expect([record[12], record[13]]).toEqual([7, 8]);
    expect(view.getUint32(14, true)).toBe(maskedCrc32c(Uint8Array.of(7, 8)));
  });

  test("a written file reads back record by record", () => {
    const pieces: Uint8Array[] = [];
    const writer = new EventWriter({ append: (bytes) => void pieces.push(bytes) }, () => 5);
    writer.scalars(1, { "loss/total": 1.5, lr: 1e-3 });
    writer.scalars(2, {});
    writer.scalars(2, { "loss/total": Number.NaN });
    const file = Buffer.concat(pieces);
    let at = 0;
    let records = 0;
    while (at < file.length) {
      const length = Number(file.readBigUInt64LE(at));
      const data = file.subarray(at + 12, at + 12 + length);
      expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
      at += length + 16;
      records++;
    }
    expect(records).toBe(3);
  });

  test("the name is the one TensorBoard looks for", () => {
    expect(eventFileName(1700000000.9, "host 1/x")).toBe("events.out.tfevents.1700000000.host_1_x");
  });
});
