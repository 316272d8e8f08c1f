import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

const WITHIN_MS = 600_000;

/** Waits until the replication slot is as the SQL condition has it. */
export async function untilSlot(db: pg.Pool, slot: string, condition: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  const query = `SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND ${condition}`;
  while ((await db.query(query)).rowCount === 0) {
    if (performance.now() > deadline) throw new Error(`The slot ${slot} is still not: ${condition}`);
    await sleep(5);
  }
}
