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
