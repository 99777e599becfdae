/**
 * Measures several sides in turns, so that what else the machine does meets all of them alike.
 */

/** One side of a comparison: measures once. */
export type Measure<T> = () => Promise<T> | T;

/**
 * Measures each side once a round. Every round begins with another side.
 *
 * @returns what each side gave, in the order of the rounds
 */
export async function measureInRounds<K extends string, T>(
  sides: Readonly<Record<K, Measure<T>>>,
  { rounds }: { readonly rounds: number },
): Promise<Record<K, T[]>> {
  // The keys of an object literal are its type's; TypeScript gives strings.
  const names = Object.keys(sides) as K[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      if (name !== undefined) results[name].push(await sides[name]());
    }
  }
  return results;
}
