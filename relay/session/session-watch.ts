import { errorCode } from '../../src/core/errors.ts';
import type { SessionFigures } from '../monitoring/session-figures.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import type { ObservedPublisher } from '../publishing/observed-publisher.ts';
import { exceededLimit, type WalLimit } from '../recovery/wal-limit.ts';
import { RelayError } from '../relay-error.ts';
import { inspectPublication } from '../replication/publication.ts';
import { inspectSlotWal, walWarning } from '../replication/slot-wal.ts';
import { ForgottenWatch, type ForgottenWatchDeps } from './forgotten-watch.ts';

export interface SessionWatchDeps extends ForgottenWatchDeps {
  readonly publication: string;
  /** As the session found it. */
  readonly publicationVersion: string;
  readonly store: OutboxStore;
  readonly state: ForgottenWatchDeps['state'] & { readonly figures: SessionFigures };
  readonly publisher: ObservedPublisher;
  readonly walLimit: WalLimit;
  /** How often to look, if not every 5 s. */
  readonly watchEveryMs?: number;
  /** Ends the session as failed. */
  readonly fail: (error: unknown) => void;
  /** Ends the session because the slot keeps WAL for a broker that is away. */
  readonly letGo: (why: string) => void;
}

const LOOK_EVERY_MS = 5_000;

/**
 * Looks now and then whether the publication is as it was, how much WAL the slot keeps, what is parked and may be tried again, and
 * what waits although nothing holds it. Also notices a PostgreSQL that is gone while the stream is paused and hears nothing. The
 * caller clears the timer.
 */
export function watchSession(deps: SessionWatchDeps): NodeJS.Timeout {
  let late = 0;
  let warned = false;
  let looking = false;
  const forgotten = new ForgottenWatch(deps);
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      await lookAtPublication(deps);
      warned = await lookAtSlot(deps, warned);
      await retryParked(deps);
      await forgotten.look();
      late = 0;
    } catch (error) {
      // One answer that is late is no sign that PostgreSQL is gone.
      if (errorCode(error) !== undefined || ++late > 1) deps.fail(error);
    } finally {
      looking = false;
    }
  };
  return setInterval(() => void look(), deps.watchEveryMs ?? LOOK_EVERY_MS);
}

async function lookAtPublication(deps: SessionWatchDeps): Promise<void> {
  const { pool, table, publication, publicationVersion } = deps;
  const { version } = await inspectPublication(pool, publication, table);
  if (version !== publicationVersion) {
    throw new RelayError('PUBLICATION_UNUSABLE', `The publication ${publication} has been changed`);
  }
}

async function retryParked({ store, state, publisher, slot, epoch, log }: SessionWatchDeps): Promise<void> {
  // What a destination that was away has held up may be much, and is no risk once it is back.
  const many = publisher.destinations.length > 1 && state.figures.failures === 0;
  const retried = await store.retryDue(slot, epoch, many);
  if (retried > 0) log.info({ retried }, 'Parked messages that were refused are sent again');
}

/** Returns whether there is a warning; it is logged when it begins. */
async function lookAtSlot(deps: SessionWatchDeps, warned: boolean): Promise<boolean> {
  const { pool, slot, publisher, walLimit, log } = deps;
  const wal = await inspectSlotWal(pool, slot);
  if (!wal) return warned;
  const warning = walWarning(wal);
  if (warning && !warned) log.error({ slot, ...wal }, warning);
  if (exceededLimit(publisher, wal.retainedBytes, walLimit)) {
    // The news may be old: it takes a try of now to let go of the slot.
    await publisher.tryAway();
    const exceeded = exceededLimit(publisher, wal.retainedBytes, walLimit);
    if (exceeded) deps.letGo(exceeded);
  }
  return warning !== undefined;
}
