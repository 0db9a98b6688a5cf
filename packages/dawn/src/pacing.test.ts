import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { pacedImmediate, paceTicks } from "./pacing";

/** A callback as native code passes it: no name, no parameters. */
function nativeLike(run: () => void): () => void {
  const callback = () => run();
  Object.defineProperty(callback, "name", { value: "" });
  callback.toString = () => "function () { [native code] }";
  return new Proxy(callback, {}); // functions behind a proxy print as native code
}

/** How many ticks a wait of `ms` takes when each asks for the next. */
async function ticksIn(immediate: typeof setImmediate, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let ticks = 0;
  await new Promise<void>((resolve) => {
    const tick = nativeLike(() => {
      ticks++;
      if (performance.now() < end) immediate(tick);
      else resolve();
    });
    immediate(tick);
  });
  return ticks;
}

describe("pacedImmediate", () => {
  const paced = pacedImmediate(setImmediate);

  test("the add-on's ticks come about once a millisecond, not as fast as they can", async () => {
    expect(await ticksIn(setImmediate, 60)).toBeGreaterThan(300);
    expect(await ticksIn(paced, 60)).toBeLessThan(100);
  });

  test("a short wait has its first ticks at once, also after a long one", async () => {
    await ticksIn(paced, 50);
    const start = performance.now();
    let left = 20;
    await new Promise<void>((resolve) => {
      const tick = nativeLike(() => (--left > 0 ? paced(tick) : resolve()));
      paced(tick);
    });
    expect(performance.now() - start).toBeLessThan(15);
  });

  test("everything else goes to setImmediate unchanged", async () => {
    const seen: unknown[] = [];
    const handle = paced((...args: unknown[]) => seen.push(...args), 1, "two");
    expect(handle).toBeInstanceOf(setImmediate(() => {}).constructor);
    await new Promise((resolve) => paced(resolve as () => void));
    expect(seen).toEqual([1, "two"]);
    expect(await promisify(paced)("value")).toBe("value");
    clearImmediate(paced(() => seen.push("never")));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen).toEqual([1, "two"]);
  });
});

test("paceTicks holds as long as someone needs it, and gives setImmediate back", () => {
  const before = globalThis.setImmediate;
  const [a, b] = [paceTicks(), paceTicks()];
  expect(globalThis.setImmediate).not.toBe(before);
  a();
  a();
  expect(globalThis.setImmediate).not.toBe(before);
  b();
  expect(globalThis.setImmediate).toBe(before);
});
