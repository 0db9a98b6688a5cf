import { createHash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32";
import { Sha256, sha256 } from "./index";
import { ascii, random } from "./test-files";

describe("sha256", () => {
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("FIPS 180-4 example %j", (text, expected) => {
    expect(new Sha256().update(ascii(text)).hex()).toBe(expected);
  });

  it("a million times a", () => {
    const hash = new Sha256();
    const piece = new Uint8Array(1000).fill(0x61);
    for (let i = 0; i < 1000; i++) hash.update(piece);
    expect(hash.hex()).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  });

  it("every length around the block size, in any pieces", () => {
    const next = random(3);
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, () => next() * 256);
      const hash = new Sha256();
      for (let at = 0; at < length; ) {
        const take = Math.floor(next() * 70);
        hash.update(bytes.subarray(at, at + take));
        at += take;
      }
      expect(hash.hex()).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  it("takes bytes, blobs, sources and chunks; refuses more after the end", async () => {
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, i) => i * 31);
    const expected = createHash("sha256").update(bytes).digest("hex");
    expect(await sha256(bytes)).toBe(expected);
    expect(await sha256(new Blob([bytes]))).toBe(expected);
    expect(await sha256([bytes.subarray(0, 7), bytes.subarray(7)])).toBe(expected);
    const done = new Sha256();
    expect(done.digest()).toEqual(done.digest());
    expect(() => done.update(bytes)).toThrow(/after digest/);
    await expect(sha256(7 as never)).rejects.toMatchObject({ code: "argument" });
  });
});

describe("crc32", () => {
  it("the check value of the standard, and any length in any pieces", () => {
    expect(crc32(ascii("123456789"))).toBe(0xcbf43926);
    const next = random(4);
    for (let length = 0; length < 100; length++) {
      const bytes = Uint8Array.from({ length }, () => next() * 256);
      const cut = Math.floor(next() * length);
      const whole = crc32(bytes);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(whole);
      // node:zlib has crc32 from 20.15 on.
      expect(whole).toBe(zlibCrc32(Buffer.from(bytes)));
    }
  });
});
