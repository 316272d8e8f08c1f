import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { ApiError } from '../api-error.ts';
import { commitStatus, type LostCommit } from './commit-status.ts';
import { type Connections, connectTo } from './connections.ts';
import type { Database } from './database.ts';
import { isCommitUncertain, isDatabaseUnavailable } from './database-failure.ts';
import { type LentDatabase, lender } from './lent-database.ts';
import { TransactionClient } from './transaction-client.ts';

export interface TransactionOptions<T> {
  /** After so long the transaction is over in any case. */
  readonly timeoutMs?: number;
  /**
   * Whether there is something that this transaction has written, and no other one has. With it, a COMMIT that was not answered is asked
   * about over other connections.
   */
  readonly isStored?: (db: Database, result: T) => Promise<boolean>;
}

/**
 * Runs `work` in a transaction: committed when it returns, rolled back when it throws. Throws DATABASE_UNAVAILABLE without a connection, or
 * when it was lost while committing and nothing is stored; COMMIT_UNCERTAIN when COMMIT was sent and nobody can say what became of it.
 * What is asked of `db` afterwards is refused.
 */
export async function inTransaction<T>(
  connections: Connections,
  work: (db: Database) => Promise<T>,
  { timeoutMs = 8_000, isStored }: TransactionOptions<T> = {},
): Promise<T> {
  const client = await connectTo(connections);
  const { lend, transaction } = connectionOn(client);
  const lent = lend();
  // Each statement has its own time limit; this one bounds their sum. With a query in flight, end() drops the connection.
  const deadline = setTimeout(() => void client.end(), timeoutMs);
  let worked: { readonly result: T } | undefined;
  try {
    transaction.begin();
    const result = await work(lent.db);
    lent.end();
    worked = { result };
    const { command } = await end(transaction, 'commit');
    // PostgreSQL answers COMMIT of a failed transaction with a ROLLBACK that is no error.
    if (command !== 'COMMIT') throw new Error('Rolled back: the error of a statement in it was swallowed');
    client.release();
    return result;
  } catch (error) {
    lent.end();
    const lost = isCommitUncertain(error) ? worked : undefined;
    const { backend } = transaction;
    await giveUp(client, transaction, lost !== undefined || isDatabaseUnavailable(error));
    if (!lost) throw error;
    const { result } = lost;
    const ask = isStored && { backend, connections, isStored: (db: Database) => isStored(db, result) };
    await throwUnlessCommitted(ask, error);
    return result;
  } finally {
    clearTimeout(deadline);
  }
}

async function throwUnlessCommitted(lost: LostCommit | undefined, cause: unknown): Promise<void> {
  const status = lost ? await commitStatus(lost) : 'unknown';
  if (status === 'rolled back') {
    throw new ApiError(
      'DATABASE_UNAVAILABLE',
      'The connection was lost while committing; nothing is stored',
      {
        cause,
      },
    );
  }
  if (status === 'unknown')
    throw new ApiError('COMMIT_UNCERTAIN', 'The connection was lost while committing', { cause });
}

/** A connection and Drizzle on it. */
interface Connection {
  readonly lend: () => LentDatabase;
  readonly transaction: TransactionClient;
}

const connections = new WeakMap<pg.PoolClient, Connection>();

/** One for each connection, so that it keeps its prepared queries. */
function connectionOn(client: pg.PoolClient): Connection {
  const known = connections.get(client);
  if (known) return known;
  const transaction = new TransactionClient(client);
  // Drizzle asks no more of a client than this.
  const connection = { lend: lender(drizzle(transaction as unknown as pg.PoolClient)), transaction };
  connections.set(client, connection);
  return connection;
}

/** Rolls back and returns the connection to the pool; a connection of which that is not certain is closed instead. */
async function giveUp(client: pg.PoolClient, transaction: TransactionClient, broken: boolean): Promise<void> {
  if (broken) return client.release(true);
  try {
    await end(transaction, 'rollback');
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : true);
  }
}

/** Fails as Drizzle's queries fail. */
async function end(transaction: TransactionClient, how: 'commit' | 'rollback'): Promise<pg.QueryResult> {
  try {
    return await transaction.end(how);
  } catch (error) {
    throw new DrizzleQueryError(how, [], error as Error);
  }
}
