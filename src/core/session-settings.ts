import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

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
}

/** How sessions of one kind are opened. */
export interface SessionKind {
  readonly config: pg.ClientConfig;
  /** Sets what the session depends on; to be awaited after the connection is there, before anything else is asked. */
  readonly prepare: (client: pg.ClientBase) => Promise<void>;
}

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
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
};

/** Throws what pg throws for a URL that it cannot read. */
export function sessionKind(needs: SessionNeeds): SessionKind {
  const timeouts = {
    statement_timeout: needs.statementTimeoutMs ?? 0,
    lock_timeout: needs.lockTimeoutMs ?? 0,
    idle_in_transaction_session_timeout: needs.idleInTransactionTimeoutMs ?? 0,
  };
  // pg sends them as the session starts, but for a 0. A pooler takes them from nowhere else: what is set later would stay behind
  // in a session that others use.
  const noLimits = Object.entries(timeouts).flatMap(([name, ms]) => (ms === 0 ? [[name, '0']] : []));
  const statement = {
    text: setting({ ...SETTINGS, ...Object.fromEntries(noLimits), ...needs.settings }, needs.uncheckedText),
    query_timeout: needs.connectTimeoutMs, // known to pg, missing in its types
  };
  return {
    config: {
      application_name: needs.applicationName,
      ...parseIntoClientConfig(needs.url),
      ...timeouts,
      connectionTimeoutMillis: needs.connectTimeoutMs,
      keepAlive: true,
    },
    prepare: async (client) => {
      await client.query(statement);
    },
  };
}

const UNCHECKED_ENCODING = `CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END`;

/** One statement without parameters, which a replication connection takes too; what the server's version does not know is left out. */
function setting(settings: Readonly<Record<string, string>>, uncheckedText = false): string {
  const wanted = Object.entries(settings).map((pair) => `(${pair.map(pg.escapeLiteral).join(', ')})`);
  const encoding = uncheckedText ? UNCHECKED_ENCODING : "'UTF8'";
  wanted.push(`('client_encoding', ${encoding})`);
  return `SELECT CASE WHEN current_setting(name, true) IS NOT NULL THEN set_config(name, value, false) END
    FROM (VALUES ${wanted.join(', ')}) AS wanted (name, value)`;
}
