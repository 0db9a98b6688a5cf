import type { GoldenCase, Verdict } from "@ama-sam/testing";
import { runMetricsCase } from "../../packages/metrics/test-support/golden-metrics";

/** Runs one metrics case: exact numbers, tolerance 1e-9. */
export function runMetrics(test: GoldenCase): Verdict[] {
  const manifest = { id: test.id, op: test.op, attrs: test.attrs };
  return runMetricsCase(manifest as never, Object.fromEntries(test.tensors) as never).map(
    ({ name, got, expected, ok }) => ({
      name,
      ok,
      worst: typeof got === "number" && typeof expected === "number" ? Math.abs(got - expected) : 0,
      allowed: 1e-9,
      message: ok ? "" : `got ${got}, expected ${expected}`,
    }),
  );
}
