import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { type Backend, THIS_SERVER } from './backend.ts';
import type { Connections } from './connections.ts';
import type { Database } from './database.ts';
import { read } from './reader.ts';

/** A transaction whose COMMIT was sent and not answered. */
export interface LostCommit {
  /** Undefined if nobody knows. */
  readonly backend: Backend | undefined;
  /** Where other connections to the same database come from. */
  readonly connections: Connections;
  /** Whether there is something that the transaction has written, and no other one has. */
  readonly isStored: (db: Database) => Promise<boolean>;
}

export type CommitStatus = 'committed' | 'rolled back' | 'unknown';

/** How long anybody asks. Longer than a server takes to be back after a crash, shorter than a client waits. */
const PATIENCE_MS = 5_000;
/** How long a transaction may take to end by itself. One whose COMMIT was lost on the way stays open, and holds its locks. */
const TERMINATE_AFTER_MS = 1_000;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 250;

/**
 * Finds out over other connections, within some seconds, how it ended; while it is open, it is waited for and at last terminated.
 * "Unknown" means that the database could not be asked, or that it is another one by now. docs/decisions/lost-commits.md
 */
export async function commitStatus(lost: LostCommit): Promise<CommitStatus> {
  const over = new AbortController();
  const tooLate = sleep(PATIENCE_MS, 'unknown' as const, { signal: over.signal });
  tooLate.catch(() => undefined); // it was known before
  try {
    return await Promise.race([untilKnown(lost, over.signal), tooLate]);
  } finally {
    over.abort();
  }
}

async function untilKnown(lost: LostCommit, over: AbortSignal): Promise<CommitStatus> {
  const begun = performance.now();
  for (let waitMs = FIRST_WAIT_MS; !over.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const isLate = performance.now() - begun > TERMINATE_AFTER_MS;
    const seen = await read(lost.connections, (db) => look(db, lost, isLate)).catch(askAgain);
    if (seen !== 'open') return seen;
    await sleep(waitMs);
  }
  return 'unknown';
}

/** The connection that was asked may be gone for the same reason; whatever it is, the time for asking is limited. */
const askAgain = () => 'open' as const;

/**
 * Statements of which each sees what is committed then, and so in this order: once the transaction is over, its rows are there or never
 * will be. The other way round, it could commit between the two.
 */
async function look(
  db: Database,
  { backend, isStored }: LostCommit,
  isLate: boolean,
): Promise<CommitStatus | 'open'> {
  const isOpen = !backend || (await isTransactionOpen(db, backend));
  if (await isStored(db)) {
    await awaitReplication(db);
    return 'committed';
  }
  if (isOpen) {
    if (isLate && backend) await terminate(db, backend);
    return 'open';
  }
  const server = await findServer(db);
  if (server === null) return 'open'; // a stand-by: what was committed may still come
  return server === backend.server ? 'rolled back' : 'unknown';
}

/**
 * By the transaction id, which leaves the process as the rows become visible. Everybody may see it, `track_activities` or not; times are
 * null where they are not tracked, which then tell nothing apart.
 */
async function isTransactionOpen(db: Database, { pid, startedAt, begunAt }: Backend): Promise<boolean> {
  const { rowCount } = await db.execute(sql`
    SELECT FROM pg_stat_activity WHERE pid = ${pid} AND backend_xid IS NOT NULL
      AND (backend_start = ${startedAt}::timestamptz) IS NOT FALSE AND (xact_start = ${begunAt}::timestamptz) IS NOT FALSE`);
  return rowCount !== 0;
}

/** Of the role's own processes, no other privilege is needed. Behind a pooler nothing is: the process may be somebody else's by now. */
async function terminate(db: Database, { pid, startedAt }: Backend): Promise<void> {
  await db.execute(
    sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ${pid} AND backend_start = ${startedAt}::timestamptz`,
  );
}

/**
 * With synchronous stand-bys, what is visible may be missing there if the process was ended while it waited for them. A commit that
 * comes later waits for all of it.
 */
async function awaitReplication(db: Database): Promise<void> {
  await db.execute(sql`SELECT pg_logical_emit_message(true, 'order-service', '')`);
}

async function findServer(db: Database): Promise<string | null | undefined> {
  const { rows } = await db.execute<{ server: string | null }>(sql`SELECT ${sql.raw(THIS_SERVER)} AS server`);
  return rows[0]?.server;
}
