import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { pooledSession } from '../core/session-settings.ts';
import type { Database } from './database.ts';
import { QueryBatch, unawaited } from './query-batch.ts';

/** For queries that need no transaction: each takes a connection that is free. */
export function readerOn(pool: pg.Pool): Database {
  const query = async (config: pg.QueryConfig, values: unknown[]) => {
    const client = await pool.connect();
    try {
      const result = await send(client, config, values);
      client.release();
      return result;
    } catch (error) {
      client.release(error as Error); // as pg's own pool.query has it
      throw error;
    }
  };
  return drizzle({ query } as unknown as pg.Pool); // Drizzle asks no more of a pool than this
}

/** Behind a pooler along with the settings it depends on: what is sent as one message is one transaction. */
function send(client: pg.PoolClient, config: pg.QueryConfig, values: unknown[]): Promise<pg.QueryResult> {
  const pooled = pooledSession(client);
  return new Promise((resolve, reject) => {
    const query = { config, values, resolve, reject };
    const batch = pooled
      ? new QueryBatch([unawaited(pooled.settings), query], pooled.keepsNames)
      : new QueryBatch([query]);
    // As an argument, so that the tracing of pg sees it; the types know of no callback for queries that are objects.
    void client.query(batch, (() => undefined) as never);
  });
}
