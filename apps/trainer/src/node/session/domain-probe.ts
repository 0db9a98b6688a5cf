import type { DatasetItem } from "@ama-sam/data";
import { type AmaSam, domainProbe, type ProbeResult, pooledEmbeddings } from "ama-sam";
import type { RunData } from "./open-data";

/** Images of a domain that a probe looks at; more would cost time and say little more. */
const PER_DOMAIN = 16;

/**
 * How well a linear classifier tells primary from auxiliary images by the encoder's features. It learns on training images and is scored
 * on held-out ones; null where a domain has none of either.
 */
export async function probeDomains(model: AmaSam, data: RunData): Promise<ProbeResult | null> {
  const auxiliary = data.auxiliary.flatMap((set) => set.items);
  const held = data.test.length > 0 ? data.test : data.validation;
  const sets = [data.primary.items, auxiliary, held, data.auxiliaryTest].map((items) => items.slice(0, PER_DOMAIN));
  if (sets.some((items) => items.length === 0)) return null;
  const [a, b, c, d] = sets;
  const of = async (primary: readonly DatasetItem[], other: readonly DatasetItem[]) => ({
    features: await featuresOf(model, [...primary, ...other]),
    isPrimary: [...primary.map(() => true), ...other.map(() => false)],
  });
  return domainProbe(await of(a!, b!), await of(c!, d!));
}

/** One image after the other: decoded, all of them would take half a gigabyte for images of 1000 x 1000. */
async function featuresOf(model: AmaSam, items: readonly DatasetItem[]): Promise<Float32Array[]> {
  const features: Float32Array[] = [];
  for (const item of items) {
    const { width, height, data } = (await item.load()).image;
    features.push(...(await pooledEmbeddings(model, [{ width, height, data: data as Uint8Array }])));
  }
  return features;
}
