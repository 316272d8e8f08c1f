import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { AppError } from '../errors.ts';
import type { Database } from './database.ts';
import { isCommitUncertain, isDatabaseUnavailable } from './database-failure.ts';

/**
 * Runs `work` in a Drizzle transaction: committed when it returns, rolled back when it throws, over after `timeoutMs` in any case.
 * Throws DATABASE_UNAVAILABLE without a connection, and COMMIT_UNCERTAIN when COMMIT was sent and its answer never came.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (db: Database) => Promise<T>,
  timeoutMs = 8_000,
): Promise<T> {
  const client = await connect(pool);
  // Each statement has its own time limit; this one bounds their sum. With a query in flight, end() drops the connection.
  const deadline = setTimeout(() => void client.end(), timeoutMs);
  let committing = false as boolean; // set in a callback, which the compiler does not follow
  let failure: unknown;
  try {
    const result = await drizzle(client).transaction(async (db) => {
      try {
        const result = await work(db);
        assertNotFailed(client);
        committing = true;
        return result;
      } catch (error) {
        failure = error;
        throw error;
      }
    });
    client.release();
    return result;
  } catch (error) {
    // Drizzle rolls back before it throws; when that fails too, its error hides the one that tells what happened.
    const rolledBack = failure === undefined || error === failure;
    const cause = failure ?? error;
    const uncertain = committing && isCommitUncertain(error);
    // A connection that is not certainly in order is closed, and the pool makes another one.
    client.release(uncertain || !rolledBack || isDatabaseUnavailable(cause));
    if (!uncertain) throw cause;
    throw new AppError('COMMIT_UNCERTAIN', 'The connection was lost while committing', { cause });
  } finally {
    clearTimeout(deadline);
  }
}

/** PostgreSQL answers the COMMIT of a failed transaction with a ROLLBACK, which is no error: it must not be asked. */
function assertNotFailed(client: pg.PoolClient): void {
  if (client.getTransactionStatus() === 'E') {
    throw new Error('Rolled back: the error of a statement in it was swallowed');
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (cause) {
    throw new AppError('DATABASE_UNAVAILABLE', 'No database connection', { cause });
  }
}
