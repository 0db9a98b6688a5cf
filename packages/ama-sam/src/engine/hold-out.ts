import { permutation, randomStream } from "@ama-sam/data";

/** What is known of an image before it is read, as far as it matters here. */
interface Grouped {
  readonly id: string;
  /** Patient, slide or organ. */
  readonly group?: string;
}

/**
 * Takes images out of training for validation: whole groups (patients, slides, organs) where they are known, until `fraction` of the
 * images is reached; at least one group and never all. Images of one single group are drawn one by one: validation on the same patient
 * still tells when to stop, none does not. The draw depends on the images alone and not on the training seed, so that runs with
 * different seeds are compared on the same images.
 *
 * @param items training images in a fixed order, as data sets give them
 * @param fraction part of the images, 0 <= fraction < 1; 0 holds out none
 * @returns both parts, each in the order of `items`
 */
export function holdOut<T extends Grouped>(items: readonly T[], fraction: number): { training: T[]; validation: T[] } {
  const isOne = new Set(items.map(({ group }) => group)).size < 2;
  const groupOf = ({ group, id }: T): string => (group === undefined || isOne ? `image ${id}` : `group ${group}`);
  const groups = new Map<string, number>();
  for (const item of items) groups.set(groupOf(item), (groups.get(groupOf(item)) ?? 0) + 1);
  const names = [...groups.keys()];
  if (fraction === 0 || names.length < 2) return { training: [...items], validation: [] };
  const wanted = Math.max(1, Math.round(fraction * items.length));
  const held = new Set<string>();
  let count = 0;
  for (const at of permutation(names.length, randomStream(0, 0))) {
    if (count >= wanted || held.size + 1 >= names.length) break;
    held.add(names[at]!);
    count += groups.get(names[at]!)!;
  }
  const isHeld = (item: T): boolean => held.has(groupOf(item));
  return { training: items.filter((item) => !isHeld(item)), validation: items.filter(isHeld) };
}
