import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

const WITHIN_MS = 600_000;

/** Waits until the replication slot is as the SQL condition has it. Each look takes CPU from what is measured. */
export async function untilSlot(db: pg.Pool, slot: string, condition: string, everyMs = 20): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  const query = `SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND ${condition}`;
  while ((await db.query(query)).rowCount === 0) {
    if (performance.now() > deadline) throw new Error(`The slot ${slot} is still not: ${condition}`);
    await sleep(everyMs);
  }
}

/** Waits until the slot is read, and returns the instant at which that was asked for, on the clock of `performance.now()`. */
export async function untilStreaming(db: pg.Pool, slot: string): Promise<number> {
  await untilSlot(db, slot, 'active', 5);
  const { rows } = await db.query<{ ms: number }>(
    `SELECT extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000 AS ms
     FROM pg_stat_activity JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = $1`,
    [slot],
  );
  return performance.now() - (rows[0]?.ms ?? 0);
}
