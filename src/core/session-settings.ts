import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { connectionConfig } from './database-auth.ts';
import { AppError } from './errors.ts';

declare module 'pg' {
  interface ClientBase {
    /** The process that the server named as the connection began; known to pg, missing in its types. */
    readonly processID: number | null;
  }
}

/** What one kind of session needs. Times in ms; a limit that is not given is none. */
export interface SessionNeeds {
  readonly url: string;
  readonly applicationName: string;
  /** How long to wait for a connection, and for its settings. */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
  /**
   * Text of a database that has checked none (its encoding is SQL_ASCII) comes as it is stored, where otherwise a statement fails
   * that reads what is no UTF-8.
   */
  readonly uncheckedText?: boolean | undefined;
  /** More settings, or others than the usual ones, by their names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether a transaction pooler may be between; then `pooledSession` says what each transaction begins with. Default: refused. */
  readonly pooler?: PoolerUse;
}

/** refused: the sessions have to last. found: it is looked for. certain: it is there, even if it cannot be found. */
export type PoolerUse = 'refused' | 'found' | 'certain';

/** How sessions of one kind are opened. */
export interface SessionKind {
  readonly config: pg.ClientConfig;
  /**
   * Sets what the session depends on; to be awaited after the connection is there, before anything else is asked.
   * Throws DATABASE_POOLED where a pooler is refused.
   */
  readonly prepare: (client: pg.ClientBase) => Promise<void>;
}

/** What whoever uses a connection has to do where a pooler gives each transaction another session of the server. */
export interface PooledSession {
  /**
   * Sets for one transaction what it depends on: to be sent with its first statement, before that. Its row says which process has the
   * transaction, and since when: `pid`, `begunAt`.
   */
  readonly settings: pg.QueryConfig;
  /** Whether the pooler knows prepared statements; if not, they must have no names. */
  readonly keepsNames: boolean;
}

/** Undefined for a connection that goes straight to PostgreSQL, and until it is prepared. */
export function pooledSession(client: pg.ClientBase): PooledSession | undefined {
  return pooledSessions.get(client);
}

const pooledSessions = new WeakMap<pg.ClientBase, PooledSession>();

/**
 * What every session of ours depends on, whatever postgresql.conf, the database, the role and the `options` of the URL say: set
 * within the session, it wins over all of them. docs/decisions/session-settings.md
 */
const SETTINGS = {
  idle_session_timeout: '0',
  transaction_timeout: '0',
  // A server that takes no writes all the same refuses them by name (25006).
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // A policy that hides rows is an error, not fewer rows.
  row_security: 'off',
  // An error is answered by the caller, who knows whether the session can go on.
  exit_on_error: 'off',
  // How values are written and read.
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  client_encoding: 'UTF8',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
};

/** Too late for a transaction that has begun, or of a session that is the pooler's. */
const NOT_OF_A_TRANSACTION = /^(default_transaction_|idle_session_timeout$)/;

/** Throws what pg throws for a URL that it cannot read. */
export function sessionKind(needs: SessionNeeds): SessionKind {
  const { pooler = 'refused', connectTimeoutMs } = needs;
  const settings: Readonly<Record<string, string>> = {
    ...SETTINGS,
    statement_timeout: String(needs.statementTimeoutMs ?? 0),
    lock_timeout: String(needs.lockTimeoutMs ?? 0),
    idle_in_transaction_session_timeout: String(needs.idleInTransactionTimeoutMs ?? 0),
    ...needs.settings,
  };
  return {
    config: {
      application_name: needs.applicationName,
      // What it fails with has to come before the time for the connection is over.
      ...connectionConfig(needs.url, 0.75 * connectTimeoutMs),
      // pg would send those of the URL as the connection begins, which PgBouncer refuses.
      statement_timeout: 0,
      lock_timeout: 0,
      idle_in_transaction_session_timeout: 0,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    },
    prepare: async (client) => {
      const ask: Ask = (query) =>
        client.query({ ...query, query_timeout: connectTimeoutMs } as pg.QueryConfig);
      const isPooled =
        pooler === 'certain' ? 'true' : `pg_backend_pid() IS DISTINCT FROM ${client.processID}`;
      const { rows } = await ask<SettingDone>({
        text: settingStatement(settings, isPooled, needs.uncheckedText),
      });
      if (!rows[0]?.isPooled) return;
      if (pooler === 'refused') throw new AppError('DATABASE_POOLED', REFUSAL);
      const known = rows.flatMap(({ name, value }) => (value === null ? [] : [name]));
      pooledSessions.set(client, {
        settings: localSettings(settings, known),
        keepsNames: await keepsNames(ask),
      });
    },
  };
}

const UNCHECKED_ENCODING = `CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END`;

const REFUSAL =
  'A pooler such as PgBouncer answers instead of PostgreSQL: RELAY_DATABASE_URL has to go straight to PostgreSQL';

/** Also a time limit, which pg knows and its types do not. */
type Ask = <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

interface SettingDone {
  readonly name: string;
  /** Null for a setting that the server's version does not know. */
  readonly value: string | null;
  readonly isPooled: boolean;
}

/**
 * One statement without parameters, which a replication connection takes too. Behind a pooler nothing stays behind, since what is set
 * for a transaction ends with this one.
 */
function settingStatement(
  { client_encoding: encoding, ...others }: Readonly<Record<string, string>>,
  isPooled: string,
  uncheckedText = false,
): string {
  const wanted = Object.entries(others).map((pair) => `(${pair.map(pg.escapeLiteral).join(', ')})`);
  wanted.push(
    `('client_encoding', ${uncheckedText ? UNCHECKED_ENCODING : pg.escapeLiteral(encoding ?? '')})`,
  );
  return `SELECT name, CASE WHEN current_setting(name, true) IS NOT NULL THEN set_config(name, value, ${isPooled}) END AS value,
      ${isPooled} AS "isPooled"
    FROM (VALUES ${wanted.join(', ')}) AS wanted (name, value)`;
}

function localSettings(
  settings: Readonly<Record<string, string>>,
  known: readonly string[],
): PooledSession['settings'] {
  const calls = known
    .filter((name) => !NOT_OF_A_TRANSACTION.test(name))
    .map((name) => `set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(settings[name] ?? '')}, true)`);
  return {
    name: 'settings',
    text: `SELECT pg_backend_pid() AS pid, now()::text AS "begunAt", ${calls.join(', ')}`,
  };
}

/**
 * Whether the pooler keeps prepared statements for its clients: it gives them names of its own, so that the server does not know ours.
 * https://www.pgbouncer.org/config.html#max_prepared_statements
 */
async function keepsNames(ask: Ask): Promise<boolean> {
  const name = `probe_${randomUUID()}`;
  const isThere = `EXISTS (SELECT FROM pg_prepared_statements WHERE name = '${name}')`;
  await ask({ text: 'BEGIN' }); // of which all goes to one session
  const { rows } = await ask<{ isKept: boolean }>({ name, text: `SELECT NOT ${isThere} AS "isKept"` });
  await ask({ text: `DO $$ BEGIN IF ${isThere} THEN DEALLOCATE "${name}"; END IF; END $$` });
  await ask({ text: 'COMMIT' });
  return rows[0]?.isKept === true;
}
