import { AppError, errorCode } from '../../core/errors.ts';

/** What to do about a SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or a code of Node. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'start PostgreSQL, or correct host and port in DATABASE_URL',
  ENOTFOUND: 'correct the host in DATABASE_URL',
  EAI_AGAIN: 'the name of the host cannot be looked up now: try again, or correct it in DATABASE_URL',
  ETIMEDOUT: 'the host in DATABASE_URL does not answer: correct it, or let this machine through to it',
  EHOSTUNREACH: 'the host in DATABASE_URL does not answer: correct it, or let this machine through to it',
  ECONNRESET: 'PostgreSQL, or a proxy before it, ended the connection: run it again',
  '25006': 'this server takes no writes: name the primary in DATABASE_URL, or end its read-only mode',
  '28000':
    'create the role of DATABASE_URL, or let it in with a line in pg_hba.conf; a server that wants TLS needs ?sslmode=verify-full',
  '28P01': 'correct the role or the password in DATABASE_URL',
  '3D000': 'create the database, or correct its name in DATABASE_URL',
  '3F000': 'GRANT USAGE, CREATE ON SCHEMA public to the role of DATABASE_URL',
  '42501':
    'run it as a role with CREATE on the database and on the schema public, which owns the tables that are there: docs/operations.md, "Roles and grants"',
  '42710':
    'the database has something of that name which db:migrate did not make: give the service a database of its own',
  '42P07':
    'the database has something of that name which db:migrate did not make: give the service a database of its own',
  '53300': 'raise max_connections, or end connections that nobody needs',
  '53100': 'make room on the disk of the server',
  '55P03': 'somebody else holds a lock for longer than lock_timeout allows: run it again',
  '57014':
    'a statement took longer than statement_timeout allows: ALTER ROLE ... SET statement_timeout = 0 for the role of DATABASE_URL',
  '57P03': 'PostgreSQL is starting or stopping: run it again',
};

/** Why the migrations are not applied and what to do, in a few lines for people. Nothing in it is from DATABASE_URL's password. */
export function whyNotMigrated(error: unknown): string {
  const root = rootOf(error);
  const code = errorCode(root);
  const statement = error instanceof Error && 'query' in error ? `\n  in: ${firstLine(error.query)}` : '';
  const known = code === undefined ? undefined : ADVICE[code];
  const advice = known ?? (/timeout/i.test(root.message) ? ADVICE['ETIMEDOUT'] : undefined);
  const told = code === undefined || root.message.includes(code) ? root.message : `${root.message} (${code})`;
  return `db:migrate failed: ${told}${statement}${advice ? `\n  ${advice}` : ''}\nNothing is half done: run it again afterwards.`;
}

/** What says it best: words of our own, or the first cause, what PostgreSQL or the network said; of several addresses, the last one's. */
function rootOf(error: unknown): Error {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors.at(-1));
  if (error instanceof AppError) return error;
  if (error instanceof Error) return error.cause instanceof Error ? rootOf(error.cause) : error;
  return new Error(String(error));
}

function firstLine(statement: unknown): string {
  const [line = ''] = String(statement).trim().split('\n');
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}
