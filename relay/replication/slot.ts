import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import { RelayError } from '../relay-error.ts';

export interface SlotInfo {
  readonly active: boolean;
  readonly confirmedLsn: Lsn;
  /** PostgreSQL has thrown away WAL that it still needed: it can never stream again. */
  readonly lost: boolean;
  /** Stand-bys that synchronize slots have a copy of it; undefined before PostgreSQL 17. */
  readonly failover: boolean | undefined;
}

/** The state of a slot, or undefined if there is none. Throws SLOT_UNUSABLE for one that this relay must not touch. */
export async function inspectSlot(db: pg.Pool | pg.ClientBase, name: string): Promise<SlotInfo | undefined> {
  const { rows } = await db.query<{
    plugin: string | null;
    here: boolean;
    active: boolean;
    confirmed: string | null;
    wal_status: string | null;
    failover: boolean | null;
  }>(
    `SELECT plugin, coalesce(database = current_database(), false) AS here, active,
       confirmed_flush_lsn AS confirmed, wal_status, (to_jsonb(slots) -> 'failover')::boolean AS failover
     FROM pg_replication_slots AS slots WHERE slot_name = $1`,
    [name],
  );
  const [row] = rows;
  if (!row) return undefined;
  if (row.plugin !== 'pgoutput' || !row.here) {
    throw new RelayError(
      'SLOT_UNUSABLE',
      `The replication slot ${name} is not a pgoutput slot of this database; set RELAY_SLOT to another name`,
    );
  }
  return {
    active: row.active,
    confirmedLsn: row.confirmed === null ? 0n : parseLsn(row.confirmed),
    lost: row.wal_status === 'lost',
    failover: row.failover ?? undefined,
  };
}

/**
 * To be asked once a stream has the slot, when nobody else can move it any more: a server streams from where the slot stands,
 * without a word, if that is beyond the position it was asked for. Throws SLOT_MOVED.
 * https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION-SLOT-LOGICAL
 */
export async function assertNotMoved(db: pg.Pool, name: string, from: Lsn): Promise<void> {
  const info = await inspectSlot(db, name);
  if (!info || info.confirmedLsn > from) {
    throw new RelayError('SLOT_MOVED', `Somebody has moved the replication slot ${name}, or made it anew`);
  }
}
