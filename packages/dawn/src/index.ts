export { AdapterError, type AdapterErrorReason } from "./errors";
export type { SoftwareChoice } from "./find-adapter";
export { DAWN_FLAGS } from "./instance";
export { type AdapterReport, listAdapters } from "./list-adapters";
export { type OpenGpuOptions, openGpu } from "./open-gpu";
