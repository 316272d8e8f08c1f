import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { errorCode } from '../core/errors.ts';
import { describeError } from '../core/log.ts';

/**
 * SQLSTATEs (whole, or by their first characters) and Node's codes after which the same request may well succeed in a moment.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const UNAVAILABLE = [
  '08', // connection exceptions
  '25006', // read-only: we are still talking to the server that a failover made a stand-by
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '40001', // serialization failure
  '40P01', // deadlock, we were the victim
  '53', // too many connections, disk full, out of memory
  '55P03', // lock_timeout
  '57014', // statement_timeout
  '57P', // shutting down, crashed, starting up
  '58030', // I/O error
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
];

/** Whether a query failed because of the state the database is in, not because of what it was asked. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof DrizzleQueryError)) return false;
  const code = errorCode(error);
  // The driver's own failures have no code: connection ended, no answer in time, no free connection in the pool.
  return code === undefined || UNAVAILABLE.some((known) => code.startsWith(known));
}

/**
 * SQLSTATEs of a statement that PostgreSQL refuses whatever it is given: a grant, a table or a column is missing, a policy would hide rows,
 * or a pooler has lost what was prepared. A person has to mend that, and then the same statement succeeds.
 */
export const STATEMENT_REFUSED = ['0A', '26', '3F', '42'];

/** Whether a query failed because of how the database is set up, not because of what it was asked with. */
export function isStatementRefused(error: unknown): boolean {
  const code = error instanceof DrizzleQueryError ? errorCode(error) : undefined;
  return code !== undefined && STATEMENT_REFUSED.some((known) => code.startsWith(known));
}

/** Why something failed: what each error and its causes say. The text of a statement does not say why it failed, and is left out. */
export function reasonOf(error: unknown): string {
  const { message } = describeError(error);
  if (!(error instanceof Error) || error.cause === undefined) return message;
  const why = reasonOf(error.cause);
  if (error instanceof DrizzleQueryError) return why;
  return message.includes(why) ? message : `${message}: ${why}`;
}

/** Whether a failed COMMIT may have committed all the same. Only the server can say no, and only while its session lives. */
export function isCommitUncertain(error: unknown): boolean {
  if (!(error instanceof DrizzleQueryError)) return false;
  const { cause } = error;
  return !(cause instanceof pg.DatabaseError) || /^(08|57P)/.test(cause.code ?? '');
}
