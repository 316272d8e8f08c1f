import pg from 'pg';
import type { Logger } from './log.ts';
import { type PoolerUse, pooledSession, sessionKind } from './session-settings.ts';

export interface PoolOptions {
  url: string;
  max: number;
  applicationName: string;
  log: Logger;
  /** Whether a connection that is not used is kept all the same. Default: for 10 s. */
  keepIdle?: boolean;
  /** How long a caller waits for a connection before it gets an error. */
  connectTimeoutMs?: number;
  /** How long one statement may take on the server and, with a second of grace, what is sent as one message on this side. */
  statementTimeoutMs?: number;
  /** How long a statement waits for a lock. Default: as long as it may take. */
  lockTimeoutMs?: number;
  /** See `SessionNeeds`. */
  uncheckedText?: boolean;
  /** A commit that was answered survives a crash of the server, whatever the database's own setting is. */
  durableCommits?: boolean;
  /** Every transaction is read-only. Not behind a pooler. */
  readOnly?: boolean;
  /** Whether a transaction pooler may be between; what it takes to use the connections then: `pooledSession`. Default: refused. */
  pooler?: PoolerUse;
  /** What else is done with a new connection before anybody gets it. */
  onConnect?: (client: pg.ClientBase, timeoutMs: number) => Promise<void>;
}

/** A pool in which nothing waits for ever, of sessions with the settings of ours. The caller ends it; throws what pg throws for a bad URL. */
export function openPool(options: PoolOptions): pg.Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  const connectTimeoutMs = options.connectTimeoutMs ?? 2_000;
  const { config, prepare } = sessionKind({
    url: options.url,
    applicationName: options.applicationName,
    connectTimeoutMs,
    statementTimeoutMs,
    lockTimeoutMs: options.lockTimeoutMs ?? statementTimeoutMs,
    // A transaction that is left open holds back the slot of every relay on this server.
    idleInTransactionTimeoutMs: 10_000,
    uncheckedText: options.uncheckedText,
    ...(options.pooler && { pooler: options.pooler }),
    settings: {
      ...(options.durableCommits && { synchronous_commit: 'on' }),
      ...(options.readOnly && { default_transaction_read_only: 'on' }),
    },
  });
  const tellOfPooler = teller(options.log);
  const pool = new pg.Pool({
    ...config,
    max: options.max,
    ...(options.keepIdle && { idleTimeoutMillis: 0 }),
    query_timeout: statementTimeoutMs + 1_000,
    // The pool waits for it, which its types do not know.
    onConnect: (async (client: pg.ClientBase) => {
      await prepare(client);
      tellOfPooler(client);
      await options.onConnect?.(client, connectTimeoutMs);
    }) as (client: pg.ClientBase) => void,
  });
  // Without a listener, a backend that is killed while idle in the pool ends the process.
  pool.on('error', (err) =>
    options.log.warn({ err }, 'Lost an idle database connection; the pool replaces it'),
  );
  // Nor does the pool listen to a connection while it is lent out; its queries fail with the same error.
  pool.on('connect', (client) => {
    client.on('error', (err) => options.log.debug({ err }, 'Lost a database connection'));
  });
  return pool;
}

/** Tells once of the pooler that the connections lead to, if they do. */
function teller(log: Logger): (client: pg.ClientBase) => void {
  let told = false;
  return (client) => {
    const session = pooledSession(client);
    if (!session || told) return;
    told = true;
    if (session.keepsNames)
      log.info('Connected through a transaction pooler, which knows prepared statements');
    else {
      log.warn(
        'Connected through a transaction pooler that does not know prepared statements: each statement is parsed anew. ' +
          'PgBouncer knows them from 1.21 on, with max_prepared_statements above 0',
      );
    }
  };
}

// The driver takes a time limit of a query's own, which its types do not know.
const PROBE: pg.QueryConfig & { query_timeout: number } = { text: 'SELECT 1', query_timeout: 2_000 };

/** Resolves when the database answers; rejects when it does not, within the time a connection may take and 2 s. */
export async function probe(pool: pg.Pool): Promise<void> {
  await pool.query(PROBE);
}
