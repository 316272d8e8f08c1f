import { createHash } from 'node:crypto';

/**
 * Which of these systems a tenant, or an order, belongs to: the same one each time, whatever their order in the list. With one more
 * system only those move that go to it, with one less only those that were there (rendezvous hashing, Thaler and Ravishankar 1998).
 * Throws if there is none.
 */
export function chooseSystem(key: string, systems: readonly string[]): string {
  const [chosen] = systems
    .map((system) => ({ system, weight: weightOf(key, system) }))
    .toSorted((one, other) => (one.weight < other.weight ? 1 : -1));
  if (!chosen) throw new RangeError('There is no system to choose from');
  return chosen.system;
}

function weightOf(key: string, system: string): string {
  return createHash('sha256')
    .update(JSON.stringify([system, key]))
    .digest('hex');
}
