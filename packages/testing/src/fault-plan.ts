/** Calls at which a fault can strike. */
export type FaultCall = "submit" | "dispatch" | "writeBuffer" | "mapAsync" | "createBuffer" | "createBindGroup";

/** What goes wrong, and when; counts start at 1, with the device's own set-up calls included. */
export interface FaultPlan {
  /** The device is lost just before the `at`-th call of that kind. */
  lose?: { on: FaultCall; at: number };
  /** The `at`-th `createBuffer` gets no memory: an invalid buffer, and a GPUOutOfMemoryError in the open error scope. */
  outOfMemoryAt?: number;
  /** The `at`-th read-back holds NaN in its first element. */
  nanInReadAt?: number;
  /** The `at`-th dispatch leaves NaN in the first element of its first writable buffer. */
  nanInDispatchAt?: number;
  /** The `at`-th `mapAsync` rejects and raises a validation error, as a mapping of an invalid buffer does. */
  failMapAt?: number;
}

/** @internal What the parts share. */
export interface FaultState {
  plan: FaultPlan;
  counts: Record<FaultCall, number>;
  struck: boolean;
}

/** @internal Runs `first` before every call of a method of this one object. */
export function before<T extends object, K extends keyof T>(
  target: T,
  name: K,
  first: (...args: unknown[]) => void,
): void {
  const original = (target[name] as (...args: unknown[]) => unknown).bind(target);
  Object.defineProperty(target, name, {
    configurable: true,
    value: (...args: unknown[]) => {
      first(...args);
      return original(...args);
    },
  });
}
