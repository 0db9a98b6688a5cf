export { HrDecoderError } from "./errors";
export { HrDecoder, type HrDecoderConfig, type HrDecoderOutput } from "./hr-decoder";
export { phaseBlend } from "./phase-blend/phase-blend";
export { hrMap, hrSlices, hrSlicesLiteral } from "./slices";
