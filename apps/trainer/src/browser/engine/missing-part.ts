/** Whether a script of the page itself could not be fetched: browsers have no name for it, only sentences. */
export function isMissingPart(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /dynamically imported module|importing a module script failed|unable to preload css/i.test(message);
}
