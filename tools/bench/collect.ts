import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bench } from "@ama-sam/testing";

/** All benches of all packages. */
export async function collectBenches(): Promise<Bench[]> {
  const out: Bench[] = [];
  for (const entry of readdirSync("packages", { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".bench.ts") || entry.includes("node_modules")) continue;
    const { benches } = (await import(pathToFileURL(join("packages", entry)).href)) as { benches?: Bench[] };
    out.push(...(benches ?? []));
  }
  return out;
}

/** Benches whose name contains one of the texts in `only` (by comma); large ones on request. */
export function chosenBenches(benches: readonly Bench[], only: string | undefined, large = false): Bench[] {
  const wanted = only?.split(",");
  return benches.filter((b) => (!wanted || wanted.some((w) => b.name.includes(w))) && (large || !b.large));
}
