import { describe, expect, it } from "vitest";
import { DataError } from "./errors";
import { prefetch } from "./prefetch";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("prefetch", () => {
  it("keeps the order while loads finish in another one, with at most `ahead` under way", async () => {
    let running = 0;
    let most = 0;
    function* loads() {
      for (let i = 0; i < 12; i++) {
        yield (async () => {
          most = Math.max(most, ++running);
          await wait((i * 7) % 10);
          running--;
          return i;
        })();
      }
    }
    const seen: number[] = [];
    for await (const value of prefetch(loads(), { ahead: 3 })) seen.push(value);
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(most).toBe(3);
  });

  it("never asks for more than ahead + the one handed out", async () => {
    let asked = 0;
    function* numbers() {
      for (;;) yield asked++;
    }
    const reader = prefetch(numbers(), { ahead: 4 });
    for (let i = 0; i < 5; i++) {
      expect((await reader.next()).value).toBe(i);
      expect(asked).toBeLessThanOrEqual(i + 1 + 4);
    }
    await reader.return();
    const after = asked;
    await wait(5);
    expect(asked).toBe(after);
  });

  it("an error arrives at its place; the source is closed and nothing is requested after it", async () => {
    let closed = false;
    let started = 0;
    function* loads() {
      try {
        for (let i = 0; i < 10; i++) {
          started++;
          yield i === 2 ? Promise.reject(new Error("bad file")) : wait(2).then(() => i);
        }
      } finally {
        closed = true;
      }
    }
    const seen: unknown[] = [];
    await expect(
      (async () => {
        for await (const value of prefetch(loads(), { ahead: 3 })) seen.push(value);
      })(),
    ).rejects.toThrow("bad file");
    expect(seen).toEqual([0, 1]);
    expect(closed).toBe(true);
    expect(started).toBe(3);
  });

  it("a source that throws, early or late, is an error at its place", async () => {
    function* broken() {
      yield 1;
      throw new Error("source");
    }
    const reader = prefetch(broken(), { ahead: 5 });
    expect((await reader.next()).value).toBe(1);
    await expect(reader.next()).rejects.toThrow("source");
    expect((await reader.next()).done).toBe(true);
  });

  it("reads async iterables, and leaving the loop closes them", async () => {
    let closed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    const seen: number[] = [];
    for await (const value of prefetch(source(), { ahead: 2 })) {
      seen.push(value);
      if (value === 3) break;
    }
    await wait(5);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(closed).toBe(true);
  });

  it("a signal stops a wait that would never end", async () => {
    const controller = new AbortController();
    const reader = prefetch([new Promise<number>(() => undefined)], { ahead: 1, signal: controller.signal });
    const next = reader.next();
    controller.abort(new Error("stopped"));
    await expect(next).rejects.toThrow("stopped");
  });

  it("empty sources end, a bad ahead is refused", async () => {
    expect((await prefetch([], { ahead: 1 }).next()).done).toBe(true);
    await expect(prefetch([1], { ahead: 0 }).next()).rejects.toThrow(DataError);
  });
});
