import pg from 'pg';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { dropSlot } from '../recovery/make-slot.ts';
import { ProgressStore } from '../recovery/progress-store.ts';
import { inspectSlot } from '../replication/slot.ts';
import { inspectSlotWal } from '../replication/slot-wal.ts';
import { AdminError } from './admin-error.ts';

/** What came of looking: whether the slot was dropped, and if not, why. */
export interface Guarded {
  readonly outcome: 'no-slot' | 'within-bound' | 'active' | 'dropped';
  readonly slot: string;
  readonly retainedBytes: number;
  readonly maxBytes: number;
}

export interface GuardOptions {
  readonly pool: pg.Pool;
  /** Of the same database. */
  readonly url: string;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly maxBytes: number;
}

/**
 * Drops the slot of a relay that is not there, once it keeps more WAL than it may: the next relay makes it anew and settles from the table,
 * so nothing is lost. The server's log has the reason. Throws SLOT_NOT_OURS for a slot that no relay of this table has made, SLOT_UNUSABLE
 * for one that none could have, SLOT_BUSY while a relay is making it, and what `pg` throws.
 */
export async function guardSlot({ pool, url, table, slot, maxBytes }: GuardOptions): Promise<Guarded> {
  const found = await look(pool, slot);
  const answer = (outcome: Guarded['outcome']) => ({
    outcome,
    slot,
    retainedBytes: found?.retainedBytes ?? 0,
    maxBytes,
  });
  if (!found) return answer('no-slot');
  if (!(await new ProgressStore(pool, table).find(slot))) {
    throw new AdminError(
      'SLOT_NOT_OURS',
      `No relay of ${table.name} has worked with the slot ${slot}: set RELAY_SLOT and OUTBOX_TABLE as the relay has them`,
    );
  }
  if (found.retainedBytes <= maxBytes) return answer('within-bound');
  const isDropped =
    !found.active &&
    (await dropSlot(url, slot, async () => ((await look(pool, slot))?.retainedBytes ?? 0) > maxBytes, NEVER));
  if (!isDropped) return answer('active');
  await logOnServer(
    pool,
    `order-service dropped the inactive replication slot ${slot}, which kept ${found.retainedBytes} bytes of WAL, more than ${maxBytes}; the next relay settles from the table`,
  );
  return answer('dropped');
}

const NEVER = new AbortController().signal;

async function look(pool: pg.Pool, slot: string) {
  const info = await inspectSlot(pool, slot);
  const wal = await inspectSlotWal(pool, slot);
  return info && wal && { active: info.active, retainedBytes: wal.retainedBytes };
}

async function logOnServer(pool: pg.Pool, message: string): Promise<void> {
  const text = pg.escapeLiteral(message);
  await pool.query(`DO ${pg.escapeLiteral(`BEGIN RAISE LOG USING MESSAGE = ${text}; END`)}`);
}
