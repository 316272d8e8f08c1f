import type { RelaySighting, Sighting, TableSighting } from './system-watch.ts';
import type { Violation } from './violation.ts';

/** An event that is the oldest for 12 s does not move, and the relay looks every 3 s; the rest is for a machine that is busy. */
const STUCK_MS = 25_000;
/** Longer than what follows from any one fault, with a start of the process. */
const MOVING_MS = 45_000;
/** A system whose oldest event is younger moves. */
const YOUNG_MS = 5_000;

/** Ready means that the oldest event moves: a relay that says otherwise, either way and for long, is wrong. Pure. */
export function checkReadiness(sightings: readonly Sighting[]): Violation[] {
  const names = new Set(sightings.flatMap(({ relays }) => relays.map(({ name }) => name)));
  return [...names].flatMap((name) => [
    ...lasting(sightings, name, STUCK_MS, (table, { ready }) => (ready ? table.oldestId : null)).map(
      ({ key, ms }): Violation => ({
        kind: 'ready while stuck',
        id: key,
        detail: `has been the oldest event for ${ms} ms, all of which ${name} was ready`,
      }),
    ),
    ...lasting(sightings, name, MOVING_MS, (table, { ready }) =>
      ready === false && table.oldestAgeMs < YOUNG_MS ? 'moving' : null,
    ).map(
      ({ ms }): Violation => ({
        kind: 'not ready while moving',
        id: name,
        detail: `was not ready for ${ms} ms, all of which every event was published within ${YOUNG_MS} ms`,
      }),
    ),
  ]);
}

/** Where this holds of one relay for longer than that: the same key from one sighting to the next, and the same process. */
function lasting(
  sightings: readonly Sighting[],
  name: string,
  longerThanMs: number,
  keyOf: (table: TableSighting, relay: RelaySighting) => string | null,
): { key: string; ms: number }[] {
  const found: { key: string; ms: number }[] = [];
  let begun: { key: string; pid: number | undefined; at: number; told: boolean } | undefined;
  for (const { at, table, relays } of sightings) {
    const relay = relays.find((each) => each.name === name);
    const key = table && relay ? keyOf(table, relay) : null;
    if (key === null || begun?.key !== key || begun.pid !== relay?.pid)
      begun = key === null ? undefined : { key, pid: relay?.pid, at, told: false };
    if (!begun || begun.told || at - begun.at <= longerThanMs) continue;
    begun.told = true;
    found.push({ key: begun.key, ms: at - begun.at });
  }
  return found;
}
