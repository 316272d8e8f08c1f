import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../dev/postgres.ts';
import { createDatabase, migrate } from '../../dev/stack.ts';
import { treeCpuUs } from './cpu.ts';
import { postgresVersion } from './environment.ts';

/** A PostgreSQL as it has to be for orders: every commit is on the disk before it is answered. */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  // Checkpoints are taken between measurements.
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  shared_buffers: '512MB',
};

export interface Server {
  readonly postgres: LocalPostgres;
  /** Of the migrated database. */
  readonly url: string;
  readonly db: pg.Pool;
  readonly version: string;
  /** CPU microseconds of the server and everything it has started. */
  readonly cpuUs: () => number;
  close(): Promise<void>;
}

/** `settings`: more of them, or others than for measuring. */
export async function openServer(settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  const postgres = await openPostgres({ settings: { ...SETTINGS, ...settings } });
  await createDatabase(postgres.url('postgres'));
  const url = postgres.url('orders');
  migrate(url);
  const db = new pg.Pool({ connectionString: url, max: 4 });
  db.on('error', () => undefined); // a query that fails of it tells
  const [pid = ''] = readFileSync(join(postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n');
  return {
    postgres,
    url,
    db,
    version: await postgresVersion(db),
    cpuUs: () => treeCpuUs(Number(pid)),
    async close() {
      await db.end();
      await postgres.close();
    },
  };
}

/** Where the log ends now, in bytes. */
export async function walEnd(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes");
  return Number(rows[0]?.bytes);
}
