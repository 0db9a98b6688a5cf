export { Discriminator } from "./discriminator";
export { type DomainWeights, domainLoss, domainWeights } from "./domain-loss/domain-loss";
export { CgrlError } from "./errors";
export { cgrl, grl, lambdaRamp } from "./reverse/reverse";
