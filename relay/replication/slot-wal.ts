import type pg from 'pg';

/** What a slot keeps on disk, and how far it is from being invalidated for it. */
export interface SlotWal {
  readonly retainedBytes: number;
  readonly status: string | undefined;
  /** What may still be written before the slot is in danger; undefined without max_slot_wal_keep_size. */
  readonly safeBytes: number | undefined;
  /** max_slot_wal_keep_size; undefined without. */
  readonly keepBytes: number | undefined;
}

/** Undefined without a slot. */
export async function inspectSlotWal(db: pg.Pool, name: string): Promise<SlotWal | undefined> {
  const { rows } = await db.query<{
    retained: string | null;
    status: string | null;
    safe: string | null;
    keep: string;
  }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS retained, wal_status AS status, safe_wal_size AS safe,
       pg_size_bytes(current_setting('max_slot_wal_keep_size')) AS keep
     FROM pg_replication_slots WHERE slot_name = $1`,
    [name],
  );
  const [row] = rows;
  if (!row) return undefined;
  return {
    retainedBytes: Math.max(0, Number(row.retained ?? 0)),
    status: row.status ?? undefined,
    safeBytes: row.safe === null ? undefined : Number(row.safe),
    keepBytes: Number(row.keep) < 0 ? undefined : Number(row.keep),
  };
}

/** What an operator has to know before PostgreSQL invalidates the slot, or undefined. */
export function walWarning({ status, safeBytes, keepBytes }: SlotWal): string | undefined {
  if (status !== undefined && status !== 'reserved' && status !== 'extended') {
    return `The replication slot's WAL is ${status}: beyond max_slot_wal_keep_size`;
  }
  if (safeBytes !== undefined && keepBytes !== undefined && safeBytes < keepBytes / 5) {
    return `The replication slot may keep ${safeBytes} bytes more of WAL, of the ${keepBytes} of max_slot_wal_keep_size`;
  }
  return undefined;
}
