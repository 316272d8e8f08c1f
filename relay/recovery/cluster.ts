import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import { RelayError } from '../relay-error.ts';

export interface Cluster {
  /** Given by initdb: a copy keeps it, a dump restored elsewhere and a major upgrade do not. */
  readonly systemIdentifier: string;
  /** One more with every promotion. */
  readonly timeline: number;
  readonly walEnd: Lsn;
}

/**
 * Selects `system_identifier` and `timeline`. The timeline is the first part of the name of the WAL file that is being written:
 * that of pg_control_checkpoint() lags behind a promotion until the next checkpoint.
 */
export const THIS_CLUSTER = `
  SELECT system_identifier::text AS system_identifier,
    ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline
  FROM pg_control_system()`;

/** Throws DATABASE_UNAVAILABLE while this server is a standby. */
export async function inspectCluster(db: pg.Pool): Promise<Cluster> {
  const server = await db.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (server.rows[0]?.standby) {
    throw new RelayError(
      'DATABASE_UNAVAILABLE',
      'This PostgreSQL is a standby: RELAY_DATABASE_URL has to name the primary',
    );
  }
  const { rows } = await db.query<{ system_identifier: string; timeline: number; wal_end: string }>(
    `SELECT *, pg_current_wal_lsn() AS wal_end FROM (${THIS_CLUSTER}) this_cluster`,
  );
  const [row] = rows;
  if (!row) throw new RelayError('DATABASE_UNAVAILABLE', 'PostgreSQL did not say which cluster it is');
  return {
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    walEnd: parseLsn(row.wal_end),
  };
}
