import type { TestContext } from 'node:test';
import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../../dev/postgres.ts';
import { cleanup } from '../../support/cleanup.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';

export interface Cluster {
  readonly postgres: LocalPostgres;
  /** Of a migrated database on it. */
  readonly url: string;
  readonly pool: pg.Pool;
}

/** A PostgreSQL of the test's own, which may be stopped, set up and filled as no other test would like it. */
export async function createCluster(t: TestContext, settings: Record<string, string> = {}): Promise<Cluster> {
  const postgres = await openPostgres({ settings: { fsync: 'off', ...settings } });
  cleanup(t, () => postgres.close());
  const url = await migratedDatabase(postgres, 'orders');
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined); // the server is stopped under it on purpose
  cleanup(t, () => pool.end());
  return { postgres, url, pool };
}
