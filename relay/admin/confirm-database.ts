import type pg from 'pg';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { THIS_CLUSTER } from '../recovery/cluster.ts';

export interface ConfirmedDatabase {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly epoch: bigint;
}

/**
 * An operator's word that the relay of this slot is to go on with this database as it is, although it was set back in time
 * or is another one. The relay, running or not, settles the table anew: what is unsettled in it is sent, once more perhaps.
 */
export async function confirmDatabase(
  pool: pg.Pool,
  { progress }: OutboxTable,
  slot: string,
): Promise<ConfirmedDatabase> {
  const { rows } = await pool.query<{ system_identifier: string; timeline: number; epoch: string }>(
    `INSERT INTO ${progress} AS progress (slot, epoch, system_identifier, timeline, confirmed_at)
     SELECT $1, 1, system_identifier, timeline, clock_timestamp() FROM (${THIS_CLUSTER}) this_cluster
     ON CONFLICT (slot) DO UPDATE SET epoch = progress.epoch + 1, settled_lsn = NULL, marked_lsn = NULL,
       system_identifier = excluded.system_identifier, timeline = excluded.timeline,
       -- Later than any earlier confirmation, also where the clock of another machine was ahead.
       confirmed_at = greatest(excluded.confirmed_at, progress.confirmed_at + interval '1 ms'), updated_at = now()
     RETURNING system_identifier, timeline, epoch`,
    [slot],
  );
  const [row] = rows;
  if (!row) throw new Error(`The confirmation for the slot ${slot} was not stored`);
  return { systemIdentifier: row.system_identifier, timeline: row.timeline, epoch: BigInt(row.epoch) };
}
