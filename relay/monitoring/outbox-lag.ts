import type pg from 'pg';
import { describeError } from '../../src/core/log.ts';
import { formatLsn } from '../lsn.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import type { Routing } from '../outbox/routing.ts';
import { inspectSlotWal } from '../replication/slot-wal.ts';
import { OutboxAges, type ParkedEvents } from './outbox-ages.ts';
import type { RelayMonitor } from './relay-monitor.ts';

/** How far the relay is behind, which only the database knows; nulls, and why, while it does not answer. */
export interface OutboxLag {
  /** WAL that this relay has not dealt with yet. */
  readonly lagBytes: number | null;
  /** WAL after what the slot has been confirmed; about a kilobyte while idle. */
  readonly slotLagBytes: number | null;
  /** WAL the slot keeps on disk; any open transaction keeps it too. */
  readonly retainedBytes: number | null;
  /** PostgreSQL's wal_status of the slot: reserved, extended, unreserved or lost. */
  readonly walStatus: string | null;
  /** What may be written before the slot is in danger; null without max_slot_wal_keep_size. */
  readonly safeWalBytes: number | null;
  readonly confirmedLsn: string | null;
  readonly oldestUnsettled: {
    readonly messageId: string;
    readonly createdAt: Date;
    readonly ageMs: number;
    readonly error: string | null;
  } | null;
  readonly parkedEvents: ParkedEvents | null;
  readonly databaseError: string | null;
}

export interface OutboxLagDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly monitor: RelayMonitor;
  readonly routing: Routing;
}

const UNKNOWN = {
  lagBytes: null,
  slotLagBytes: null,
  retainedBytes: null,
  walStatus: null,
  safeWalBytes: null,
  confirmedLsn: null,
};

export async function measureLag(deps: OutboxLagDeps): Promise<OutboxLag> {
  try {
    const ages = new OutboxAges(deps.pool, deps.table);
    const [lag, oldest, parkedEvents] = await Promise.all([
      slotLag(deps),
      ages.oldestUnsettled(),
      ages.parkedEvents(deps.routing),
    ]);
    const oldestUnsettled = oldest ? { ...oldest, ageMs: Date.now() - oldest.createdAt.getTime() } : null;
    return { ...lag, oldestUnsettled, parkedEvents, databaseError: null };
  } catch (error) {
    return {
      ...UNKNOWN,
      oldestUnsettled: null,
      parkedEvents: null,
      databaseError: describeError(error).message,
    };
  }
}

async function slotLag({ pool, slot, monitor }: OutboxLagDeps) {
  const { rows } = await pool.query<Record<'lag' | 'slotLag' | 'confirmed', string | null>>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), greatest(confirmed_flush_lsn, $2::pg_lsn)) AS lag,
       pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS "slotLag",
       confirmed_flush_lsn AS confirmed
     FROM pg_replication_slots WHERE slot_name = $1`,
    [slot, formatLsn(monitor.handledLsn)],
  );
  const wal = await inspectSlotWal(pool, slot);
  const bytes = (text: string | null | undefined) => (text == null ? null : Math.max(0, Number(text)));
  const [row] = rows;
  return {
    lagBytes: bytes(row?.lag),
    slotLagBytes: bytes(row?.slotLag),
    retainedBytes: wal?.retainedBytes ?? null,
    walStatus: wal?.status ?? null,
    safeWalBytes: wal?.safeBytes ?? null,
    confirmedLsn: row?.confirmed ?? null,
  };
}
