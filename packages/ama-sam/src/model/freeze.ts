import { AmaSamError } from "../errors";
import { type AmaSam, isSamParameter } from "./ama-sam";

/**
 * What is trained: `adapters` as the paper (adapters, SPGen, HR-Decoder, discriminator; SAM frozen), `decoder` (the same without
 * the encoder's adapters), `all` (everything, for models that start from scratch).
 */
export type Trainable = "adapters" | "decoder" | "all";

/**
 * Sets `requiresGrad` of every parameter by the choice.
 * @throws AmaSamError for another choice, or one that would train a weight stored in f16
 */
export function freeze(model: AmaSam, trainable: Trainable): void {
  if (!["adapters", "decoder", "all"].includes(trainable))
    throw new AmaSamError("freeze", `unknown choice. Got ${trainable}. Expected adapters, decoder or all.`);
  for (const [name, p] of model.namedParameters()) {
    const own = !isSamParameter(name);
    const on = trainable === "all" || (own && (trainable === "adapters" || !name.includes(".adapter.")));
    if (on && p.dtype !== "f32")
      throw new AmaSamError(
        "freeze",
        `a weight stored in ${p.dtype} cannot be trained. Got ${trainable} with ${name}. Expected f32: build the model with half for frozen names only, as isSamParameter.`,
      );
    p.requiresGrad = on;
  }
}
