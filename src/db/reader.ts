import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Database } from './database.ts';
import { queryOf } from './query.ts';

/** For queries that need no transaction: each takes a connection that is free. */
export function readerOn(pool: pg.Pool): Database {
  const query = (config: pg.QueryConfig, values: unknown[]) => pool.query(queryOf(config, values));
  return drizzle({ query } as unknown as pg.Pool); // Drizzle asks no more of a pool than this
}
