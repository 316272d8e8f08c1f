import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from './rig.ts';

/** Longer than any pause the system makes by itself: 15 s of backoff, 9 s of a silent connection, 10 s of a send. */
export const STUCK_AFTER_MS = 45_000;
const QUIET_MS = 2_000;
const IDLE_WAL_BYTES = 64 * 1024;

/** Waits until everything is settled or held back, the lag is gone and the journal is quiet; returns what is not, if that ends. */
export async function drain(rig: Rig, stuckAfterMs: number): Promise<string | undefined> {
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    const { waiting, lag } = await backlog(rig);
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

async function backlog({ db }: Rig): Promise<{ waiting: number; lag: number }> {
  const { rows } = await db.query<{ waiting: number; lag: number }>(
    `SELECT (SELECT count(*)::int FROM outbox WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL
               AND deferred_at IS NULL) AS waiting,
       (SELECT coalesce(max(pg_current_wal_lsn() - confirmed_flush_lsn), 1e9)::float8 FROM pg_replication_slots
        WHERE plugin = 'pgoutput') AS lag`,
  );
  return rows[0] ?? { waiting: -1, lag: -1 };
}
