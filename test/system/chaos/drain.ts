import { setTimeout as sleep } from 'node:timers/promises';
import { retryMessage } from '../../../relay/admin/outbox-admin.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import type { Rig } from './rig.ts';

/** Longer than any pause the system makes by itself: 15 s of backoff, 9 s of a silent connection, 10 s of a send. */
export const STUCK_AFTER_MS = 45_000;
const QUIET_MS = 2_000;
const IDLE_WAL_BYTES = 64 * 1024;

/**
 * Waits until everything is settled, the lag is gone and the journal is quiet; returns what is not, if nothing has moved for so long.
 * What is parked is retried, as an operator would who has mended it; `poison` cannot be mended, and stays with all that is behind it.
 */
export async function drain(
  rig: Rig,
  poison: ReadonlySet<string>,
  stuckAfterMs: number,
): Promise<string | undefined> {
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    const { parked, waiting, lag } = await backlog(rig, poison);
    for (const messageId of parked) await retryMessage(rig.db, OUTBOX, messageId);
    const now = `${waiting} ${rig.broker.journalBytes}`;
    if (now !== last) changedAt = performance.now();
    last = now;
    const still = performance.now() - changedAt;
    if (waiting === 0 && lag < IDLE_WAL_BYTES && still > QUIET_MS) return undefined;
    if (still > stuckAfterMs)
      return `${waiting} rows wait and the slot is ${lag} bytes behind, without a change for ${stuckAfterMs / 1_000} s`;
    await sleep(200);
  }
}

interface Backlog {
  /** Messages that are parked, and could be sent. */
  readonly parked: readonly string[];
  /** Rows that are neither settled nor held back by poison. */
  readonly waiting: number;
  /** How far the slot is behind, in bytes. */
  readonly lag: number;
}

async function backlog({ db }: Rig, poison: ReadonlySet<string>): Promise<Backlog> {
  const { rows } = await db.query<Backlog>(
    `WITH open AS (
       SELECT message_id, aggregate_id, parked_at, deferred_at FROM outbox WHERE processed_at IS NULL AND dropped_at IS NULL
     ), poisoned AS (
       SELECT aggregate_id FROM open WHERE message_id = ANY ($1)
     )
     SELECT
       (SELECT coalesce(array_agg(message_id::text), '{}') FROM open WHERE parked_at IS NOT NULL AND message_id <> ALL ($1)) AS parked,
       (SELECT count(*)::int FROM open WHERE coalesce(parked_at, deferred_at) IS NULL
          OR aggregate_id IS NULL OR aggregate_id NOT IN (SELECT aggregate_id FROM poisoned)) AS waiting,
       (SELECT coalesce(max(pg_current_wal_lsn() - confirmed_flush_lsn), 1e9)::float8 FROM pg_replication_slots
        WHERE plugin = 'pgoutput') AS lag`,
    [[...poison]],
  );
  return rows[0] ?? { parked: [], waiting: -1, lag: -1 };
}
