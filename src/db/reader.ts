import { setImmediate as turn } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { pooledSession } from '../core/session-settings.ts';
import { type Connections, connectTo } from './connections.ts';
import type { Database } from './database.ts';
import { isDatabaseUnavailable } from './database-failure.ts';
import { type LentDatabase, lender } from './lent-database.ts';
import { queryOf } from './query.ts';
import { QueryBatch, unawaited } from './query-batch.ts';

/** Runs `work` on a connection without a transaction: each statement sees what is committed then. Throws DATABASE_UNAVAILABLE without a connection. */
export async function read<T>(connections: Connections, work: (db: Database) => Promise<T>): Promise<T> {
  const client = await connectTo(connections);
  const { db, end } = readerOn(client)();
  let isBroken = false;
  try {
    return await work(db);
  } catch (error) {
    isBroken = isDatabaseUnavailable(error);
    throw error;
  } finally {
    end();
    client.release(isBroken);
    // Whoever waits for the connection asks before this is answered: a server that sleeps meanwhile costs both of them more.
    await turn();
  }
}

const readers = new WeakMap<pg.PoolClient, () => LentDatabase>();

/** One for each connection, so that it keeps its prepared queries. */
function readerOn(client: pg.PoolClient): () => LentDatabase {
  const known = readers.get(client);
  if (known) return known;
  const query = (config: pg.QueryConfig, values: unknown[]) => send(client, config, values);
  const reader = lender(drizzle({ query } as unknown as pg.PoolClient)); // Drizzle asks no more of a client than this
  readers.set(client, reader);
  return reader;
}

/** Behind a pooler along with the settings it depends on: what is sent as one message is one transaction. */
function send(client: pg.PoolClient, config: pg.QueryConfig, values: unknown[]): Promise<pg.QueryResult> {
  const pooled = pooledSession(client);
  return new Promise((resolve, reject) => {
    // Callbacks as an argument, so that the tracing of pg sees them; the types know of none for queries that are objects.
    if (pooled) {
      const query = { config, values, resolve, reject };
      const batch = new QueryBatch([unawaited(pooled.settings), query], pooled.keepsNames);
      void client.query(batch, (() => undefined) as never);
      return;
    }
    const callback = (error: Error | null, result: pg.QueryResult) =>
      error ? reject(error) : resolve(result);
    void client.query(queryOf(config, values), callback as never);
  });
}
