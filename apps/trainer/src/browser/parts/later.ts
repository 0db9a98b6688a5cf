import { useEffect, useState } from "preact/hooks";

/**
 * A part of the page whose script is fetched when it is first wanted: most who open the page look at one image and leave.
 *
 * @returns null until it is there
 */
export function useLater<T>(wanted: boolean, load: () => Promise<T>, fail: (error: unknown) => void): T | null {
  const [found, setFound] = useState<{ it: T } | null>(null);
  useEffect(() => {
    if (wanted && !found) load().then((it) => setFound({ it }), fail);
  }, [wanted]);
  return found?.it ?? null;
}
