/**
 * npm's `webgpu` asks Dawn for news in `setImmediate`, again and again while anything is awaited: the main thread spins. On a GPU that
 * costs a core that nobody needs; a software adapter computes on these very cores, and on two of them the spinning takes up to a
 * third of its speed. So while a software adapter is open, the add-on's ticks wait a millisecond each after the first few.
 */

/** Ticks of a wait that come at once, so that short waits stay short. */
const AT_ONCE = 32;
const PAUSE_MS = 1;

type SetImmediate = typeof globalThis.setImmediate;
type Callback = (...args: unknown[]) => void;

/** Whether a callback is the add-on's: native, without name and parameters. Functions of JavaScript never are: `bind` gives a name, promises' have a parameter. */
function isTick(callback: Callback): boolean {
  return (
    callback.length === 0 && callback.name === "" && /\[native code\]/.test(Function.prototype.toString.call(callback))
  );
}

/** A `setImmediate` that gives the add-on's ticks a pause, and is the original for everything else. */
export function pacedImmediate(original: SetImmediate): SetImmediate {
  let ticking = false;
  let ticks = 0;
  const paced = (callback: Callback, ...args: unknown[]) => {
    if (typeof callback !== "function" || !isTick(callback)) return original(callback, ...args);
    // Asked for from outside a tick: a new wait begins.
    ticks = ticking ? ticks + 1 : 0;
    const tick = () => {
      ticking = true;
      try {
        callback(...args);
      } finally {
        ticking = false;
      }
    };
    return ticks < AT_ONCE ? original(tick) : setTimeout(tick, PAUSE_MS);
  };
  // `util.promisify(setImmediate)` looks for a property of it.
  return Object.defineProperties(paced, Object.getOwnPropertyDescriptors(original)) as unknown as SetImmediate;
}

let users = 0;
let original: SetImmediate | null = null;
let mine: SetImmediate | null = null;

/** Paces the add-on's ticks until the returned function was called as often as this one. */
export function paceTicks(): () => void {
  if (users++ === 0) {
    original = globalThis.setImmediate;
    mine = pacedImmediate(original);
    globalThis.setImmediate = mine;
  }
  let done = false;
  return () => {
    if (done) return;
    done = true;
    if (--users > 0) return;
    // Someone else's replacement stays; ours underneath it then only passes calls on slowly.
    if (globalThis.setImmediate === mine && original) globalThis.setImmediate = original;
  };
}
