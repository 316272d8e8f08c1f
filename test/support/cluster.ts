import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../dev/postgres.ts';
import { cleanup, type Scope } from './cleanup.ts';
import type { TestDatabase } from './database.ts';
import { migratedDatabase } from './migrated-database.ts';

/** A PostgreSQL of the test's own, which may be stopped, set up and filled as no other test would like it. */
export async function openCluster(t: Scope, settings: Record<string, string> = {}): Promise<LocalPostgres> {
  const postgres = await openPostgres({ settings: { fsync: 'off', ...settings } });
  cleanup(t, () => postgres.close());
  return postgres;
}

export interface Cluster extends TestDatabase {
  readonly postgres: LocalPostgres;
}

/** The same with a migrated database `orders`. */
export async function createCluster(t: Scope, settings: Record<string, string> = {}): Promise<Cluster> {
  const postgres = await openCluster(t, settings);
  const url = await migratedDatabase(postgres, 'orders');
  return { postgres, url, name: 'orders', pool: openPool(t, url) };
}

/** Connections that survive it when the server is stopped under them. */
export function openPool(t: Scope, url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  cleanup(t, () => pool.end());
  return pool;
}
