import type pg from 'pg';
import { awaitSignIn } from '../../src/core/database-auth.ts';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import { pooledSession } from '../../src/core/session-settings.ts';

/** A connection to a database that reads and does nothing else, and what it says of itself. */
export interface DatabaseSession {
  /** Of one connection. Whoever opened the session ends it. */
  readonly pool: pg.Pool;
  readonly url: string;
  readonly facts: SessionFacts;
}

export interface SessionFacts {
  /** SQL: the role and the database, quoted. */
  readonly role: string;
  readonly database: string;
  readonly isSuperuser: boolean;
  readonly replicates: boolean;
  /** Whether it sees what others do. */
  readonly seesStatistics: boolean;
  readonly version: number;
  /** Over TLS. */
  readonly isEncrypted: boolean;
  /** Whether a transaction pooler is between, and then whether that one knows prepared statements. */
  readonly pooler: 'none' | 'prepares' | 'parses anew';
}

const STATEMENT_TIMEOUT_MS = 5_000;

/** Throws what `pg` throws when it cannot connect, and DATABASE_UNAVAILABLE without a token. */
export async function openSession(url: string): Promise<DatabaseSession> {
  await awaitSignIn(url);
  const pool = openPool({
    url,
    max: 1,
    applicationName: 'doctor',
    log: createLogger({ level: 'silent', service: 'doctor' }),
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: 1_000,
    readOnly: true,
    pooler: 'found',
  });
  try {
    return { pool, url, facts: { ...(await askFacts(pool)), pooler: await findPooler(pool) } };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function askFacts(pool: pg.Pool): Promise<Omit<SessionFacts, 'pooler'>> {
  const { rows } = await pool.query<Omit<SessionFacts, 'pooler'>>(
    `SELECT quote_ident(rolname) AS role, quote_ident(current_database()) AS database, rolsuper AS "isSuperuser",
       rolreplication AS replicates, pg_has_role('pg_read_all_stats', 'USAGE') AS "seesStatistics",
       current_setting('server_version_num')::int AS version,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS "isEncrypted"
     FROM pg_roles WHERE rolname = current_user`,
  );
  const [facts] = rows;
  if (!facts) throw new Error('PostgreSQL did not say who this is');
  return facts;
}

async function findPooler(pool: pg.Pool): Promise<SessionFacts['pooler']> {
  const client = await pool.connect();
  try {
    const pooled = pooledSession(client);
    if (pooled === undefined) return 'none';
    return pooled.keepsNames ? 'prepares' : 'parses anew';
  } finally {
    client.release();
  }
}
