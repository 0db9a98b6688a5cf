export { type Bench, type BenchResult, type BenchRun, type Peaks, runBench, timeRuns } from "./bench";
export { type BenchShape, benchOf } from "./bench-of";
export { openTestDevice, provideDevice, testDevice } from "./device";
export { type Faults, faultAdapter, injectFaults } from "./fault";
export type { FaultCall, FaultPlan } from "./fault-plan";
export {
  type GoldenCase,
  type GoldenTensor,
  type GoldenTolerance,
  goldenCase,
  goldenCases,
  goldenDir,
  goldenFiles,
  goldenIds,
  judge,
  readTensors,
  type Verdict,
} from "./golden";
export { numericGradient, projectedError, type RefFunction } from "./gradcheck";
export { expectNoLeak } from "./leak";
export { Random } from "./random";
export { TOLERANCE, worstError } from "./tolerance";
