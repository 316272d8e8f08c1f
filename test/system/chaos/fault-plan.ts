import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';
import type { Choice, FaultKind } from './faults/fault.ts';

/** What is to happen, when it is due. */
export interface PlannedFault {
  readonly kind: string;
  readonly atMs: number;
  readonly choice: Choice;
}

export interface PlanOptions {
  readonly seed: number;
  readonly lengthMs: number;
  /** The shortest and the longest time between the beginnings of two faults. */
  readonly gapMs: readonly [number, number];
  /** How often each kind is to happen, beside the others. */
  readonly weights: Readonly<Record<string, number>>;
  readonly kinds: Readonly<Record<string, Pick<FaultKind, 'durationMs'>>>;
}

/** The same for the same seed: what happens when, to whom and for how long. In a plan with room for it, every kind happens. */
export function planFaults({ seed, lengthMs, gapMs, weights, kinds }: PlanOptions): PlannedFault[] {
  const random = new SeededRandom(seed);
  const between = ([least, most]: readonly [number, number]) => least + random.next() * (most - least);
  const times: number[] = [];
  for (let atMs = between(gapMs); atMs < lengthMs; atMs += between(gapMs)) times.push(atMs);
  const every = Object.keys(weights);
  const chosen = times.map(
    (_, n) => (times.length < 2 * every.length ? undefined : every[n]) ?? random.weighted(weights),
  );
  return shuffled(chosen, random).map((kind, n) => {
    const durationMs = Math.round(between(kinds[kind]?.durationMs ?? [0, 0]));
    const choice: Choice = { target: random.chance(0.5) ? 1 : 0, durationMs, dice: random.next() };
    return { kind, atMs: times[n] ?? 0, choice };
  });
}

/** Fisher and Yates' shuffle. */
function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}
