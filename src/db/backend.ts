import type pg from 'pg';
import { errorCode } from '../core/errors.ts';
import { pooledSession } from '../core/session-settings.ts';

/** Who carries out a transaction: what it takes to find out over another connection how that ended. Times as PostgreSQL writes them. */
export interface Backend {
  /** The process of the server. */
  readonly pid: number;
  /** When the process began: the number is given again. Behind a pooler nobody has asked. */
  readonly startedAt: string | null;
  /** When the transaction began. Behind a pooler alone, where the process goes on to those of others. */
  readonly begunAt: string | null;
  /** See `THIS_SERVER`. */
  readonly server: string | null;
}

/**
 * A text that stays as long as nothing can be missing that was committed: it is another one after a promotion and a restore, which begin a
 * new timeline, and in another cluster. Null on a stand-by. The timeline is in the name of the WAL file that is being written.
 */
export const THIS_SERVER = `CASE WHEN NOT pg_is_in_recovery() THEN
  (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;

const THIS_BACKEND = `SELECT pid, backend_start::text AS "startedAt", NULL AS "begunAt", ${THIS_SERVER} AS server
  FROM pg_stat_activity WHERE pid = pg_backend_pid()`;

const NOT_ALLOWED = '42501';

const backends = new WeakMap<pg.ClientBase, Backend>();

/** Asks a new connection who is behind it, once its session is prepared. Where that is not allowed, it stays unknown. */
export async function learnBackend(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  const query: pg.QueryConfig & { query_timeout: number } = { text: THIS_BACKEND, query_timeout: timeoutMs };
  try {
    const { rows } = await client.query<Backend>(query);
    if (rows[0]) backends.set(client, rows[0]);
  } catch (error) {
    if (errorCode(error) !== NOT_ALLOWED) throw error;
  }
}

/** Who carries out a transaction of this connection; `place` is what a transaction behind a pooler said of itself. */
export function backendOf(
  client: pg.ClientBase,
  place: Pick<Backend, 'pid' | 'begunAt'> | undefined,
): Backend | undefined {
  const known = backends.get(client);
  if (!known || !pooledSession(client)) return known;
  return place && { ...known, startedAt: null, ...place };
}
