import { AmaSamError } from "../errors";
import { type AmaSam, isSamParameter } from "./ama-sam";

/**
 * What is trained: `adapters` as the paper (adapters, SPGen, HR-Decoder, discriminator; SAM frozen), `decoder` (the same without
 * the encoder's adapters), `all` (everything, for models that start from scratch).
 */
export type Trainable = "adapters" | "decoder" | "all";

/** Sets `requiresGrad` of every parameter by the choice. */
export function freeze(model: AmaSam, trainable: Trainable): void {
  if (!["adapters", "decoder", "all"].includes(trainable))
    throw new AmaSamError("freeze", `unknown choice. Got ${trainable}. Expected adapters, decoder or all.`);
  for (const [name, p] of model.namedParameters()) {
    const own = !isSamParameter(name);
    p.requiresGrad = trainable === "all" || (own && (trainable === "adapters" || !name.includes(".adapter.")));
  }
}
