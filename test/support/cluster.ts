import pg from 'pg';
import { type LocalPostgres, openPostgres, type PostgresOptions } from '../../dev/postgres.ts';
import { cleanup, type Scope } from './cleanup.ts';
import type { TestDatabase } from './database.ts';
import { migratedDatabase } from './migrated-database.ts';

/**
 * A PostgreSQL of the test's own, which may be stopped, set up and filled as no other test would like it. All of them have the
 * same system identifier.
 */
export function openCluster(t: Scope, settings: Record<string, string> = {}): Promise<LocalPostgres> {
  const copyOf = process.env['TEST_POSTGRES_DATA'];
  return open(t, { settings, ...(copyOf !== undefined && { copyOf }) });
}

async function open(t: Scope, { settings, ...options }: PostgresOptions): Promise<LocalPostgres> {
  const postgres = await openPostgres({ ...options, settings: { fsync: 'off', ...settings } });
  cleanup(t, () => postgres.close());
  return postgres;
}

export interface Cluster extends TestDatabase {
  readonly postgres: LocalPostgres;
}

/** The same with a migrated database `orders`. */
export async function createCluster(t: Scope, settings: Record<string, string> = {}): Promise<Cluster> {
  return withOrders(t, await openCluster(t, settings));
}

/** One that was made for itself, with a system identifier of its own. */
export async function createOtherCluster(t: Scope): Promise<Cluster> {
  return withOrders(t, await open(t, {}));
}

async function withOrders(t: Scope, postgres: LocalPostgres): Promise<Cluster> {
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
