import type { Sighting } from './system-watch.ts';

/** Between two looks is a second, and what they take. Where that is so long, the machine has no time for anybody. */
const STARVED_MS = 4_000;

/** Spans of time in which the watch itself came late, or had no answer of the database; epoch milliseconds. Pure. */
export function blindSpans(sightings: readonly Sighting[]): { from: number; to: number }[] {
  return sightings.flatMap(({ at, table }, n) => {
    const before = sightings[n - 1]?.at ?? at;
    return table && at - before < STARVED_MS ? [] : [{ from: before, to: at }];
  });
}
