/** Time of one run. */
export interface Times {
  ms: number;
  /** User plus system time of the whole process: on a software adapter the work itself, whoever else uses the machine. */
  cpuMs: number;
}

/** Runs something and waits for it. */
export async function timed<T>(run: () => T | Promise<T>, sync: (value: T) => unknown): Promise<Times & { value: T }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const value = await run();
  await sync(value);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, value };
}

/**
 * Time per run over as many runs as fill `leastMs`. A virtual machine gives a short burst more than its lasting
 * share of a processor: short runs would look faster beside long ones.
 * @param once runs it once and waits
 */
export async function repeated(once: () => Promise<unknown>, leastMs = 250): Promise<Times> {
  const start = process.cpuUsage();
  const begin = performance.now();
  for (let runs = 1; ; runs++) {
    await once();
    const { user, system } = process.cpuUsage(start);
    const [ms, cpuMs] = [performance.now() - begin, (user + system) / 1000];
    if (Math.max(ms, cpuMs) >= leastMs) return { ms: ms / runs, cpuMs: cpuMs / runs };
  }
}
