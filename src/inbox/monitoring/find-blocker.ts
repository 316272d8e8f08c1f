import type { ConsumerFigures } from './consumer-figures.ts';
import type { Blocker } from './inbox-states.ts';

/** What does not move, and of whom; of the database, of everybody. */
export interface Blocked {
  readonly by: Blocker;
  readonly consumer?: string;
  readonly messageId?: string | undefined;
  readonly since: Date;
}

/** A message that is handled for longer does not move. */
export const STALLED_AFTER_MS = 30_000;
/** Fewer may be a lock that somebody else had for a moment. */
export const RELEASES_IN_A_ROW = 3;
/** What was released and does not come again for so long, another inbox has taken. */
export const FORGOTTEN_AFTER_MS = 60_000;

/** What keeps messages from moving, the cause before what follows from it; undefined if they move, or none come. Pure. */
export function findBlocker(
  consumers: Iterable<readonly [name: string, figures: ConsumerFigures]>,
  databaseAwaySince: Date | undefined,
  now: number,
  stalledAfterMs = STALLED_AFTER_MS,
): Blocked | undefined {
  if (databaseAwaySince) return { by: 'database', since: databaseAwaySince };
  const found = [...consumers].flatMap(([consumer, figures]) => {
    const blocked = blockerOf(figures, now, stalledAfterMs);
    return blocked ? [{ ...blocked, consumer }] : [];
  });
  return found.find(({ by }) => by === 'broker') ?? found[0];
}

function blockerOf(figures: ConsumerFigures, now: number, stalledAfterMs: number): Blocked | undefined {
  const { awaySince, oldestInHand, releasesInARow, lastReleaseAt } = figures;
  if (awaySince) return { by: 'broker', since: awaySince };
  if (oldestInHand && now - oldestInHand.since.getTime() >= stalledAfterMs)
    return { by: 'in-hand', ...oldestInHand };
  if (releasesInARow < RELEASES_IN_A_ROW || !lastReleaseAt) return undefined;
  return now - lastReleaseAt.getTime() < FORGOTTEN_AFTER_MS
    ? { by: 'released', since: lastReleaseAt }
    : undefined;
}
