import type { TestContext } from 'node:test';
import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../../dev/postgres.ts';
import { cleanup } from '../../support/cleanup.ts';
import type { TestDatabase } from '../../support/database.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';

export interface TestCluster {
  readonly postgres: LocalPostgres;
  /** Its migrated database `orders`. */
  readonly database: TestDatabase;
}

/** A PostgreSQL of the test's own with these settings, over those for tests. */
export async function createCluster(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<TestCluster> {
  const postgres = await openPostgres({ settings: { fsync: 'off', ...settings } });
  cleanup(t, () => postgres.close());
  const url = await migratedDatabase(postgres, 'orders');
  return { postgres, database: { url, name: 'orders', pool: openPool(t, url) } };
}

/** Connections that survive it when the server is stopped under them. */
export function openPool(t: TestContext, url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  cleanup(t, () => pool.end());
  return pool;
}
